import { stringify } from 'yaml';
import { schemaIssues } from '../device/schema-issues.ts';
import { parseYamlFile } from '../device/yaml-file.ts';
import type { Home } from '../home/home.ts';
import { utf8 } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { readSecretFile, readSecretInput } from '../keystore/read-input.ts';
import type { TemplateContent } from '../registry/templates.ts';
import { formatIssue } from './check-device-file.ts';
import { protectedFiles } from './protected-files.ts';
import { openWhole, writeWhole } from './write-whole.ts';
import type { WholeOutput } from './write-whole.ts';

const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['values'],
  properties: {
    trustAnchors: {
      type: 'array',
      maxItems: 16,
      items: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    },
    values: { type: 'object' },
  },
};

/**
 * The content of a template in a YAML or JSON file, or standard input for `-`. Throws `template-invalid`
 * with the line of each mistake, `not-found`.
 */
export async function readTemplateFile(path: string): Promise<TemplateContent> {
  using bytes = await (path === '-' ? readSecretInput() : readSecretFile(path));
  const file = parseYamlFile(bytes.use((text) => Buffer.from(text).toString('utf8')));
  const issues = file.issues.length > 0 ? file.issues : schemaIssues(file, SCHEMA);
  const [first] = issues;
  if (first) {
    const count = issues.length === 1 ? '1 mistake' : `${issues.length} mistakes`;
    throw new KeylineError('template-invalid', {
      message: `${path} has ${count}; the first: ${formatIssue(first)}`,
      facts: { file: path, issues: issues.map(formatIssue) },
    });
  }
  return { trustAnchors: [], ...(file.value as { readonly values: TemplateContent['values'] }) };
}

/** Writes that file, of which others may read nothing: values can be secrets. */
export async function writeTemplateFile(
  content: TemplateContent,
  output: WholeOutput,
  { home, signal }: { readonly home: Home; readonly signal?: AbortSignal },
): Promise<void> {
  const inputs = protectedFiles(home);
  await using file = await openWhole(output, { secret: true, inputs, signal });
  await writeWhole(file, utf8(templateFile(content)));
}

/** The file that `readTemplateFile` reads, in YAML. */
export function templateFile({ trustAnchors, values }: TemplateContent): string {
  return stringify({ trustAnchors, values });
}
