import { KeylineError } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { saidWhenInterrupted } from '../job/interrupted-request.ts';
import { registerManifest } from '../job/register-manifest.ts';
import type { Registered, RegisterEffects } from '../job/register-manifest.ts';
import { openRegisterSource } from '../job/register-source.ts';
import { readRowsFile, RowsFile } from '../job/rows-file.ts';
import type { Registry } from '../registry/registry.ts';
import type { BaseCommand } from './base-command.ts';
import { createProgress, grouped } from './progress.ts';
import { facts } from './table.ts';

/** What a person decides about a registration. */
export interface RegisterWishes {
  /** A file, or a lot. */
  readonly source: string;
  /** Where rows that were refused are noted. */
  readonly failed: string;
  /** Where what became of every row is noted. */
  readonly outcomes?: string | undefined;
  /** A file of rows of an earlier call: only those that failed. */
  readonly rows?: string | undefined;
  readonly registry: Registry;
  readonly credentials: () => Credentials;
}

/** Registers with progress and says what became of the rows. Throws `rows-refused` where some were not taken. */
export async function registerForCommand(
  command: Pick<BaseCommand, 'argv' | 'home' | 'signal' | 'jsonEnabled' | 'print'>,
  wishes: RegisterWishes,
): Promise<Registered> {
  const { home, signal } = command;
  const { registry, credentials } = wishes;
  await using source = await openRegisterSource(wishes.source, { home, signal, credentials });
  const only = wishes.rows === undefined ? undefined : await readRowsFile(wishes.rows, source.seal);
  await using failed = await RowsFile.at(wishes.failed, source.seal);
  await using all =
    wishes.outcomes === undefined ? undefined : await RowsFile.at(wishes.outcomes, source.seal);
  using shown = showProgress(command.jsonEnabled());
  const registering = registerManifest(registry, source, {
    ...{ signal, only, ...shown.effects },
    outcomes: {
      which: all ? 'all' : 'failed',
      take: async (row) => {
        await all?.take(row);
        if (row.outcome === 'conflict' || row.outcome === 'invalid') await failed.take(row);
      },
    },
  });
  const registered = await saidWhenInterrupted(
    registering,
    'What was sent is kept there; the same command goes on with the rest.',
  );
  await all?.commit();
  await failed.commit();
  shown[Symbol.dispose]();
  command.print(describe(registered));
  const { rows, created, unchanged, conflict, invalid } = registered;
  const refused = conflict + invalid;
  if (refused === 0) return registered;
  const retry = retryOf(command.argv, wishes.failed);
  throw new KeylineError('rows-refused', {
    message: `${grouped(refused)} of ${grouped(rows)} rows were not registered`,
    hint: `${wishes.failed} names each. To try just those again: ${retry}`,
    facts: { failed: wishes.failed, retry, created, unchanged, conflict, invalid },
  });
}

/** Sending, then registering, on a terminal's standard error. */
function showProgress(isJson: boolean): Disposable & {
  readonly effects: Pick<RegisterEffects, 'onSent' | 'onApplied'>;
} {
  const stream = isJson ? { write: () => true } : process.stderr;
  let sent: ReturnType<typeof createProgress> | undefined;
  let applied: ReturnType<typeof createProgress> | undefined;
  return {
    effects: {
      onSent: (done, total) => {
        sent ??= createProgress('Sending', total, stream);
        sent.update(done);
      },
      onApplied: (done, total) => {
        sent?.end();
        applied ??= createProgress('Registering', total, stream);
        applied.update(done);
      },
    },
    [Symbol.dispose]: () => {
      sent?.end();
      applied?.end();
    },
  };
}

function describe(registered: Registered): string {
  return facts([
    ['created', grouped(registered.created)],
    ['unchanged', grouped(registered.unchanged)],
    ['conflict', grouped(registered.conflict)],
    ['invalid', grouped(registered.invalid)],
    ['upload', registered.uploadId],
  ]);
}

/** The same command for the rows that failed. */
function retryOf(argv: readonly string[], failed: string): string {
  const isValue = (at: number): boolean => argv[at - 1] === '--rows';
  const kept = argv.filter((word, at) => !/^--(json|rows(=.*)?)$/.test(word) && !isValue(at));
  return ['keyline', 'escrow', 'register', ...kept, '--rows', failed].map(quoted).join(' ');
}

/** As a shell takes it. */
function quoted(text: string): string {
  return /^[\w./@:=+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
