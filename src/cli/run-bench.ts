import { createWriteStream } from 'node:fs';
import { parsePortAddress } from '../device/ports/port-address.ts';
import { formatWireEntry } from '../device/wire-log.ts';
import type { Home } from '../home/home.ts';
import { provisionAtBench } from '../job/bench-device.ts';
import { openLine } from '../job/open-line.ts';
import type { LineChoices } from '../job/open-line.ts';
import type { Outcome } from '../job/provision-run.ts';
import type { LineFlagValues } from './bench-flags.ts';
import { commandCredentials } from './credentials.ts';
import { describeOutcome } from './describe-outcome.ts';

/** What a run's command is to the functions here. */
export interface LineCommand {
  readonly home: Home;
  readonly signal: AbortSignal;
  readonly isInteractive: boolean;
  readonly config: { readonly version: string };
  print(text: string): void;
  warning(message: string): void;
}

/** Takes one device through a run, prints what came of it and makes 6 the exit code of one that failed. */
export async function runAtBench(
  command: LineCommand,
  choices: LineChoices,
  flags: LineFlagValues & {
    readonly port: string;
    readonly 'hardware-id'?: string | undefined;
    readonly log?: string | undefined;
  },
): Promise<Outcome> {
  const address = parsePortAddress(flags.port);
  const credentials = commandCredentials(command, flags);
  const toolVersion = command.config.version;
  const { log } = flags;
  const wire = log === undefined ? undefined : createWriteStream(log, { flags: 'a', mode: 0o600 });
  let wireError: Error | undefined;
  wire?.on('error', (error) => (wireError = error));
  await using line = await openLine(command.home, choices, { credentials, toolVersion });
  for (const text of line.warnings) command.warning(text);
  const outcome = await provisionAtBench(line, {
    address,
    signal: command.signal,
    scannedId: flags['hardware-id'],
    ...(wire && { onWire: (entry) => wire.write(`${formatWireEntry(entry)}\n`) }),
  });
  await new Promise<void>((resolve) => {
    if (wire && !wireError) wire.end(resolve);
    else resolve();
  });
  if (wireError) command.warning(`the log ${log ?? ''} could not be written`);
  command.print(describeOutcome(outcome));
  if (!outcome.ok) process.exitCode = outcome.code === 'interrupted' ? 130 : 6;
  return outcome;
}
