import { createHash } from 'node:crypto';
import { KeylineError } from '../kernel/errors.ts';
import { COLUMNS, isColumnName, parseColumn } from '../model/columns.ts';
import type { ReportMistake } from './driver.ts';
import { DRIVER_KINDS, driverKindOf } from './driver-kinds.ts';
import { compilePattern } from './pattern.ts';
import { expectedModelMistake } from './expected-model.ts';
import type { DeviceProfile, ValueFormat, ValueSource } from './profile-model.ts';
import { schemaIssues, sortIssues } from './schema-issues.ts';
import type { ProfileDocument } from './schema/profile-schema.ts';
import { profileSchemaFor } from './schema/profile-schema.ts';
import { parseYamlFile } from './yaml-file.ts';
import type { FileIssue } from './yaml-file.ts';

/** A profile, or the mistakes that its file has. */
export type ParsedProfile =
  | { readonly profile: DeviceProfile; readonly issues: readonly [] }
  | { readonly profile: undefined; readonly issues: readonly FileIssue[] };

const BAUD_RATE = 115_200;

/** Reads a device profile: YAML, then its driver's closed schema, then what only reading it as a whole shows. */
export function parseProfile(text: string): ParsedProfile {
  const file = parseYamlFile(text);
  if (file.issues.length > 0) return { profile: undefined, issues: file.issues };
  const driver = (file.value as { driver?: unknown } | null)?.driver;
  const kind = DRIVER_KINDS.find(({ name }) => name === driver);
  const schema = kind
    ? profileSchemaFor(kind)
    : // Without a driver its section cannot be told from a slip: this one mistake first.
      { type: 'object', required: ['driver'], properties: { driver: driverChoice() } };
  const issues = schemaIssues(file, schema);
  if (issues.length > 0) return { profile: undefined, issues };

  const mistakes: FileIssue[] = [];
  const report: ReportMistake = (path, message) => {
    mistakes.push(file.issueAt(path, message));
  };
  const profile = profileOf(file.value as ProfileDocument, text, report);
  if (mistakes.length === 0 || profile.values.size > 0) {
    driverKindOf(profile.driver).check(profile, report);
  }
  if (mistakes.length > 0) return { profile: undefined, issues: sortIssues(mistakes) };
  return { profile, issues: [] };
}

/** The JSON Schema of profiles (draft 7), for editors: which driver is named decides on the rest. */
export function profileJsonSchema(): object {
  const byDriver = DRIVER_KINDS.map((kind) => ({
    if: { required: ['driver'], properties: { driver: { const: kind.name } } },
    then: profileSchemaFor(kind),
  }));
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'keyline device profile',
    type: 'object',
    required: ['driver'],
    properties: { driver: { enum: DRIVER_KINDS.map(({ name }) => name) } },
    allOf: JSON.parse(JSON.stringify(byDriver)) as object[],
  };
}

function driverChoice(): object {
  return { anyOf: DRIVER_KINDS.map(({ name }) => ({ const: name })) };
}

function profileOf(document: ProfileDocument, text: string, report: ReportMistake): DeviceProfile {
  const { name, description, driver, identity, expect } = document;
  const pattern = compilePattern(identity.pattern);
  if (typeof pattern === 'string') report(['identity', 'pattern'], pattern);
  if (expect) {
    const mistake = expectedModelMistake(expect.model);
    if (mistake) report(['expect', 'model'], mistake);
  }
  const values = new Map<string, ValueSource>();
  for (const [value, source] of Object.entries(document.values)) {
    const parsed = sourceOf(source, (member, message) => {
      report(['values', value, member], message);
    });
    if (parsed) values.set(value, parsed);
  }
  return {
    name,
    description,
    driver,
    port: { baudRate: document.port?.baudRate ?? BAUD_RATE },
    presence: document.presence ?? 'usb',
    identity: {
      from: identity.from,
      pattern: identity.pattern,
      kind: identity.kind ?? 'text',
      allowLocalMac: identity.allowLocalMac ?? false,
      refuse: identity.refuse ?? [],
    },
    expect,
    values,
    section: (document as Record<string, unknown>)[driver],
    digest: createHash('sha256').update(text).digest('hex'),
  };
}

function sourceOf(
  source: ProfileDocument['values'][string],
  report: (member: string, message: string) => void,
): ValueSource | undefined {
  if (source.constant !== undefined) return { kind: 'constant', text: source.constant };
  if (source.trustAnchor !== undefined) return { kind: 'trust-anchor', format: source.trustAnchor };
  if (source.custodyAnchor !== undefined) {
    return { kind: 'custody-anchor', format: source.custodyAnchor };
  }
  try {
    return columnSource(source.column ?? '');
  } catch (error) {
    if (!(error instanceof KeylineError)) throw error;
    report('column', error.message);
    return undefined;
  }
}

/** `name`, `name:format` or `name:raw`. Throws `invalid-columns`. */
function columnSource(text: string): ValueSource {
  const [name = '', format] = text.split(':', 2);
  if (format !== 'raw') return { kind: 'column', ...withColumn(parseColumn(text)) };
  if (!isColumnName(name)) throw missingColumn(name);
  const formats: readonly ValueFormat[] = COLUMNS[name].formats;
  if (!formats.includes('hex')) {
    throw new KeylineError('invalid-columns', {
      message: `${name} has no bytes of its own, only ${formats.join(', ')}`,
    });
  }
  return { kind: 'column', column: name, format };
}

function withColumn(choice: ReturnType<typeof parseColumn>) {
  return { column: choice.name, format: choice.format };
}

function missingColumn(name: string): KeylineError {
  return new KeylineError('invalid-columns', {
    message: `there is no column ${JSON.stringify(name)}`,
  });
}
