import { canonicalJson } from '../kernel/canonical-json.ts';
import { KeylineError } from '../kernel/errors.ts';
import type {
  RegistryTemplate,
  RegistryTemplates,
  TemplateContent,
} from '../registry/templates.ts';

export type { RegistryTemplate };

/** What a new version of a template would change, without its content. */
export interface TemplatePlan {
  readonly name: string;
  /** The version it is for; 0 where there is none yet. */
  readonly after: number;
  /** The version that is there says the same. */
  readonly isUnchanged: boolean;
  /** Members of `values`, and `trustAnchors`. */
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Compares with the version that is there. Throws `precondition-failed` where `after` is given and the
 * newest version is another.
 */
export async function planTemplate(
  templates: RegistryTemplates,
  name: string,
  { content, after }: { readonly content: TemplateContent; readonly after?: number | undefined },
): Promise<TemplatePlan> {
  const held = (await templates.list()).find((template) => template.name === name);
  const version = held?.version ?? 0;
  if (after !== undefined && after !== version) {
    throw new KeylineError('precondition-failed', {
      message: `the newest version of ${name} is ${version}, not ${after}`,
      facts: { name, version },
    });
  }
  const [before, now] = [partsOf(held), partsOf(content)];
  const added = [...now.keys()].filter((part) => !before.has(part));
  const removed = [...before.keys()].filter((part) => !now.has(part));
  const changed = [...now]
    .filter(([part, text]) => before.has(part) && before.get(part) !== text)
    .map(([part]) => part);
  const isUnchanged = held !== undefined && added.length + removed.length + changed.length === 0;
  return { name, after: version, isUnchanged, added, changed, removed };
}

/** A template without what devices are told by it: values can be secrets, and outputs are kept in logs. */
export interface TemplateOutline extends Omit<RegistryTemplate, 'values'> {
  /** In order. */
  readonly valueNames: readonly string[];
}

/** What of a template may be said anywhere. */
export function outlineTemplate({ values, ...template }: RegistryTemplate): TemplateOutline {
  return { ...template, valueNames: Object.keys(values).sort() };
}

/** Makes the version that was planned, unless it would say the same. Throws `precondition-failed`. */
export async function setTemplate(
  templates: RegistryTemplates,
  { name, after, isUnchanged }: TemplatePlan,
  content: TemplateContent,
): Promise<RegistryTemplate> {
  return isUnchanged ? await templates.show(name) : await templates.set(name, content, after);
}

function partsOf(content: TemplateContent | undefined): ReadonlyMap<string, string> {
  if (!content) return new Map();
  const values = Object.entries(content.values).map(([name, value]): [string, string] => {
    return [name, canonicalJson(value)];
  });
  const anchors = content.trustAnchors.length > 0 ? canonicalJson(content.trustAnchors) : undefined;
  return new Map([
    ...values,
    ...(anchors === undefined ? [] : [['trustAnchors', anchors] as [string, string]]),
  ]);
}
