import { requireInside } from '../derive/deriver.ts';
import { KeylineError } from '../kernel/errors.ts';
import { parseRecipients } from '../keystore/age-recipient.ts';
import { isSecret, parseColumns, usualColumns } from '../model/columns.ts';
import { compileRow } from '../model/compile-row.ts';
import { contains, formatRange, intersection } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import type { RowFormat, RowPlan } from '../model/row-template.ts';
import type { OpenLot } from './open-lot.ts';

/** What a person decides about a manifest. */
export interface ManifestChoices {
  /** `name` or `name:format`; the usual ones of the scheme when left out. */
  readonly columns?: readonly string[] | undefined;
  readonly withSecrets: boolean;
  /** The planned units when left out. */
  readonly range?: Range | undefined;
  readonly format: RowFormat;
  readonly gzip: boolean;
  /** `age1…`; the file is then an age file. */
  readonly recipients: readonly string[];
  /** Secrets may be written readable. */
  readonly plaintext: boolean;
  /** A path, or `-`; the lot's code with an ending when left out. */
  readonly output?: string | undefined;
  readonly force: boolean;
  /** The seal's path; beside a regular file when left out, else there is none. */
  readonly seal?: string | undefined;
}

/** A manifest that can be written. */
export interface ManifestPlan {
  readonly plan: RowPlan;
  readonly range: Range;
  readonly output: string;
  readonly recipients: readonly string[];
  /** Whether any column is secret. */
  readonly secret: boolean;
}

/**
 * Checks everything about a manifest that can be known before its output is opened. Throws
 * `invalid-columns`, `secret-columns`, `secret-output-choice`, `secret-to-terminal`, `usage`,
 * `range-outside-lot`, `outside-grant`, `invalid-recipient`.
 */
export async function planManifest(
  open: OpenLot,
  choices: ManifestChoices,
  stdoutIsTerminal: boolean,
): Promise<ManifestPlan> {
  const { lot } = open;
  const columns = choices.columns
    ? parseColumns(choices.columns, lot.scheme)
    : usualColumns(lot.scheme, { model: lot.model !== undefined, secrets: choices.withSecrets });
  const plan: RowPlan = { format: choices.format, columns };
  compileRow(lot, plan);
  const secret = columns.some(isSecret);
  if (secret && !choices.withSecrets) {
    const names = columns.filter(isSecret).map(({ name }) => name);
    throw new KeylineError('secret-columns', {
      message: `${names.join(', ')} would let secrets leave the lot`,
      facts: { columns: names },
    });
  }
  const recipients = await parseRecipients(choices.recipients);
  if (recipients.length > 0 && choices.plaintext) {
    throw new KeylineError('usage', { message: '--recipient and --plaintext exclude each other' });
  }
  if (choices.seal === '-') {
    throw new KeylineError('usage', {
      message: 'a seal does not go to standard output',
      hint: 'Name a file with --seal FILE.',
    });
  }
  if (secret && recipients.length === 0 && !choices.plaintext) {
    throw new KeylineError('secret-output-choice', {
      message: 'it is not said whether the secrets are to be encrypted',
    });
  }
  const range = choices.range ?? usualRange(open);
  requireInside(lot, range);
  requireHeld(open, range);
  const output = choices.output ?? manifestName(lot.code, choices);
  if (output === '-' && stdoutIsTerminal && recipients.length + Number(choices.gzip) > 0) {
    throw new KeylineError('usage', {
      message: 'an encrypted or compressed manifest does not go to a terminal',
      hint: 'Write to a file with -o FILE.',
    });
  }
  return { plan, range, output, recipients, secret };
}

/** The planned units, or those of them that the one granted range has. */
function usualRange({ lot, by, grants }: OpenLot): Range {
  const planned = { from: 0, count: lot.size };
  if (by === 'owner') return planned;
  const granted = grants
    .flatMap(({ statement }) => statement.ranges)
    .flatMap((range) => intersection(range, planned) ?? []);
  const [only] = granted;
  if (only && granted.length === 1) return only;
  throw new KeylineError('usage', {
    message: `${granted.length} ranges of lot ${lot.code} are granted, and none is named`,
    hint: 'Name one with --range A-B; each has a manifest of its own.',
    facts: { granted: granted.map(formatRange) },
  });
}

function requireHeld(open: OpenLot, range: Range): void {
  if (open.secrets.ranges.some((held) => contains(held, range))) return;
  throw new KeylineError('outside-grant', {
    message: `units ${formatRange(range)} of lot ${open.lot.code} are not all granted`,
    facts: { range: formatRange(range), granted: open.secrets.ranges.map(formatRange) },
  });
}

/** Such as `A1.csv`, `A1.ndjson.gz.age`; what a file name cannot have becomes `_`. */
export function manifestName(
  stem: string,
  { format, gzip, recipients }: Pick<ManifestChoices, 'format' | 'gzip' | 'recipients'>,
): string {
  const name = stem.replace(/[^\p{L}\p{N}._-]/gu, '_').replace(/^\./, '_');
  return `${name}.${format}${gzip ? '.gz' : ''}${recipients.length > 0 ? '.age' : ''}`;
}
