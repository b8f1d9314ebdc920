import { KeylineError } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { registerManifest, writeFailedRows } from '../job/register-manifest.ts';
import type { Registered } from '../job/register-manifest.ts';
import { openRegisterSource } from '../job/register-source.ts';
import type { HttpRegistry } from '../registry/http-registry.ts';
import type { BaseCommand } from './base-command.ts';
import { createProgress, grouped } from './progress.ts';
import { facts } from './table.ts';

/** Registers with progress and says what became of the rows. Throws `units-refused` where some were not taken. */
export async function registerForCommand(
  command: Pick<BaseCommand, 'home' | 'signal' | 'jsonEnabled' | 'print'>,
  choices: {
    readonly source: string;
    readonly failed: string;
    readonly registry: HttpRegistry;
    readonly credentials: () => Credentials;
  },
): Promise<Registered> {
  const { home, signal } = command;
  const { registry } = choices;
  await using source = await openRegisterSource(choices.source, {
    ...{ home, signal, credentials: choices.credentials },
  });
  const stream = command.jsonEnabled() ? { write: () => true } : process.stderr;
  let sent: ReturnType<typeof createProgress> | undefined;
  let applied: ReturnType<typeof createProgress> | undefined;
  const registered = await registerManifest(registry, source, {
    signal,
    onSent: (done, total) => {
      sent ??= createProgress('Sending', total, stream);
      sent.update(done);
    },
    onApplied: (done, total) => {
      sent?.end();
      applied ??= createProgress('Registering', total, stream);
      applied.update(done);
    },
  }).finally(() => {
    sent?.end();
    applied?.end();
  });
  command.print(
    facts([
      ['created', grouped(registered.created)],
      ['unchanged', grouped(registered.unchanged)],
      ['conflict', grouped(registered.conflict)],
      ['invalid', grouped(registered.invalid)],
      ['upload', registered.uploadId],
    ]),
  );
  const refused = registered.conflict + registered.invalid;
  if (refused === 0) return registered;
  await writeFailedRows(registry, registered.uploadId, choices.failed);
  throw new KeylineError('rows-refused', {
    message: `${grouped(refused)} of ${grouped(registered.rows)} rows were not registered`,
    hint: `${choices.failed} names each; correct and seal them as a manifest of their own.`,
    facts: { failed: choices.failed, refused },
  });
}
