import { Flags } from '@oclif/core';
import type { Home } from '../home/home.ts';
import type { OpenLot } from '../job/open-lot.ts';
import type { ManifestChoices } from '../job/manifest-plan.ts';
import type { BuiltManifestChoices, WrittenBuilt } from '../job/write-built.ts';
import type { WriteEffects, WrittenManifest } from '../job/write-manifest.ts';
import { KeylineError } from '../kernel/errors.ts';
import { COLUMN_NAMES, COLUMNS } from '../model/columns.ts';
import { ledgersFlag, outputFlags, recipientFlag } from './flags.ts';
import { createProgress, grouped } from './progress.ts';
import type { Progress } from './progress.ts';
import { facts } from './table.ts';

/** The flags of every command that writes a manifest. */
export const manifestFlags = {
  ...outputFlags,
  columns: Flags.string({
    helpValue: 'NAME[:FORMAT],…',
    summary: 'Columns and their formats, in this order.',
    description: `The default format stands first. ${describeColumns()}`,
  }),
  format: Flags.option({
    options: ['csv', 'ndjson'] as const,
    default: 'csv' as const,
    summary: 'Text form of the rows.',
  })(),
  gzip: Flags.boolean({ summary: 'Compress the manifest.' }),
  seal: Flags.string({ helpValue: 'FILE', summary: 'Write the seal to FILE, not beside it.' }),
};

/** The flags that let secrets leave a lot. */
export const secretFlags = {
  'with-secrets': Flags.boolean({ summary: 'Let secrets leave the lot.' }),
  recipient: recipientFlag('Encrypt the manifest to this recipient; repeat for more.'),
  plaintext: Flags.boolean({ summary: 'Write secrets readable, mode 0600.' }),
  why: Flags.string({ helpValue: 'TEXT', summary: 'What the secrets are for.' }),
  again: Flags.string({ helpValue: 'REASON', summary: 'Let secrets that left leave once more.' }),
};

/** The flags of a manifest of what was built. */
export const builtFlags = {
  'as-built': Flags.boolean({
    summary: 'The units that were verified on devices, from ledgers.',
    exclusive: ['with-secrets', 'plaintext', 'why', 'again'],
  }),
  ledger: ledgersFlag('As built: a ledger or export beside this home’s; repeat for more.'),
  grant: Flags.string({
    helpValue: 'kg_…',
    dependsOn: ['as-built'],
    summary: 'As built: only the units of this grant.',
  }),
};

/** Such as `serial (text); endpoint_key (text, hex, base64, base64url); …`. */
function describeColumns(): string {
  const all = COLUMN_NAMES.map((name) => `${name} (${COLUMNS[name].formats.join(', ')})`);
  return `${all.join('; ')}.`;
}

/** The columns of `--columns`. */
export function splitColumns(text: string | undefined): readonly string[] | undefined {
  return text?.split(',').map((name) => name.trim());
}

/** What a command that writes a manifest has around it. */
export interface ManifestCommand {
  readonly signal: AbortSignal;
  jsonEnabled(): boolean;
  print(text: string): void;
}

/**
 * Writes the manifest with progress on standard error, and says what came of it: on standard error
 * too when the rows went to standard output. Throws `usage` for `-o -` with `--json`.
 */
export async function writeForCommand(
  command: ManifestCommand,
  job: {
    readonly open: OpenLot;
    readonly choices: ManifestChoices;
    readonly effects?: Pick<WriteEffects, 'allocate' | 'inputs' | 'sealedAt'>;
  },
): Promise<WrittenManifest> {
  refuseJsonOnStdout(command, job.choices.output);
  const { writeManifest } = await import('../job/write-manifest.ts');
  return withProgress(command, (onProgress) =>
    writeManifest(job.open, job.choices, {
      ...job.effects,
      signal: command.signal,
      stdoutIsTerminal: process.stdout.isTTY,
      onProgress,
    }),
  );
}

/** Writes an as-built manifest in the same manner; the ledgers are held until it stands. */
export async function writeBuiltForCommand(
  command: ManifestCommand & { readonly home: Home; warning(message: string): void },
  job: {
    readonly open: OpenLot;
    readonly ledgers: readonly string[];
    readonly choices: BuiltManifestChoices;
    readonly inputs: readonly string[];
  },
): Promise<WrittenBuilt> {
  refuseJsonOnStdout(command, job.choices.output);
  const { writeBuilt } = await import('../job/write-built.ts');
  const { gatherLedgers } = await import('../job/gather-ledgers.ts');
  const { signal } = command;
  using gathered = await gatherLedgers(command.home, job.ledgers, { signal });
  for (const text of gathered.warnings) command.warning(text);
  const inputs = [...job.inputs, ...gathered.ledgers.map(({ file }) => file)];
  return await withProgress(command, (onProgress) =>
    writeBuilt(job.open, gathered.ledgers, job.choices, { inputs, signal, onProgress }),
  );
}

function refuseJsonOnStdout(command: ManifestCommand, output: string | undefined): void {
  if (output !== '-' || !command.jsonEnabled()) return;
  throw new KeylineError('usage', {
    message: 'standard output cannot hold both the manifest and --json',
    hint: 'Write the manifest to a file with -o FILE.',
  });
}

async function withProgress<T extends Reported>(
  command: ManifestCommand,
  write: (onProgress: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  const stream = command.jsonEnabled() ? { write: () => true } : process.stderr;
  let progress: Progress | undefined;
  try {
    const written = await write((done, total) => {
      progress ??= createProgress('Writing', total, stream);
      progress.update(done);
    });
    progress?.end();
    report(command, written);
    return written;
  } finally {
    progress?.end();
  }
}

type Reported = Omit<WrittenManifest, 'range'> & Partial<Pick<WrittenBuilt, 'kind' | 'grant'>>;

function report(command: ManifestCommand, written: Reported): void {
  if (written.readerGone) return;
  const text = describeWritten(written);
  if (written.output !== '-') command.print(text);
  else if (process.stderr.isTTY) process.stderr.write(`${text}\n`);
}

/** What was written, in lines for a person. */
export function describeWritten(written: Reported): string {
  const { seconds, fsyncSeconds, rowsPerSecond } = written;
  return facts([
    ['manifest', written.output],
    ['seal', written.seal],
    ['kind', written.kind],
    ['grant', written.grant],
    ['rows', grouped(written.rows)],
    ['columns', written.columns.join(', ')],
    ['size', `${grouped(written.sizeBytes)} bytes${written.encrypted ? ', encrypted' : ''}`],
    ['time', `${seconds.toFixed(2)} s and ${fsyncSeconds.toFixed(2)} s to sync`],
    ['rate', `${grouped(rowsPerSecond)} rows/s (${written.engine})`],
  ]);
}
