import type { StationTally } from '../job/station-event.ts';
import { loadJig } from '../job/check-device-file.ts';
import { bookOf } from '../job/open-lot.ts';
import { openLine } from '../job/open-line.ts';
import type { LineChoices } from '../job/open-line.ts';
import type { OutboxTally } from '../job/station-outbox.ts';
import { runStation } from '../job/run-station.ts';
import type { LineFlagValues } from './bench-flags.ts';
import { KeylineError } from '../kernel/errors.ts';
import { commandCredentials } from './credentials.ts';
import { openLineInput } from './line-input.ts';
import { passLabels } from './pass-flags.ts';
import type { PassFlagValues } from './pass-flags.ts';
import type { RegistryContextValues } from './registry-context-flags.ts';
import type { LineCommand } from './run-bench.ts';
import { watchOutput } from './output-loss.ts';
import { drawnScreen, jsonScreen, lineScreen } from './station-screen.ts';
import { StationView } from './station-view.ts';
import { openStationOutbox, reportOutbox } from './station-registry.ts';
import { WireFiles } from './wire-files.ts';

/** What the flags of `station run` gave beside those of every run. */
export interface StationFlagValues extends LineFlagValues, PassFlagValues, RegistryContextValues {
  readonly register: boolean;
  readonly jig: string;
  readonly slots?: string | undefined;
  readonly limit?: number | undefined;
  readonly 'max-attempts': number;
  readonly once: boolean;
  readonly 'after-pass'?: readonly string[] | undefined;
  readonly 'after-pass-timeout': number;
  readonly log?: string | undefined;
}

/** What a run came to, and what a registry was told of it. */
export interface LineTally extends StationTally {
  readonly registered?: OutboxTally;
}

/** For a registry, after the last unit. */
const LAST_TRY_MS = 10_000;

/** Works on the slots of a jig and shows it; 6 is the exit code where a device failed, 130 after Ctrl-C. */
export async function runLine(
  command: LineCommand & { jsonEnabled(): boolean },
  choices: LineChoices,
  flags: StationFlagValues,
): Promise<LineTally> {
  const tally = await workLine(command, choices, flags);
  if (tally.registered) reportOutbox(command, tally.registered, choices.lot);
  return tally;
}

async function workLine(
  command: LineCommand & { jsonEnabled(): boolean },
  choices: LineChoices,
  flags: StationFlagValues,
): Promise<LineTally> {
  const jig = await loadJig(flags.jig);
  const argv = flags['after-pass'];
  const afterPass = argv && { argv, timeoutMs: flags['after-pass-timeout'] * 1000 };
  const credentials = commandCredentials(command, flags);
  const toolVersion = command.config.version;
  const all = { ...choices, jig: jig.name, afterPass };
  await using line = await openLine(command.home, all, { credentials, toolVersion });
  for (const text of line.warnings) command.warning(text);
  await using outbox = flags.register
    ? await openStationOutbox({ home: command.home, ...line.run }, flags)
    : undefined;
  using output = watchOutput(process.stdout);
  const signal = AbortSignal.any([command.signal, output.lost]);
  const { limit, once } = flags;
  const slots = flags.slots === undefined ? undefined : slotNumbers(flags.slots);
  if (line.run.profile.identity.from === 'scan' && !flags.scan?.includes('before')) {
    throw new KeylineError('usage', {
      message: `profile ${line.run.profile.name} takes hardware ids from a scan`,
      hint: 'Say --scan before, and scan the barcode of each board.',
    });
  }
  const labels = await passLabels(flags, line.run, bookOf(command.home, line.run.open.lot));
  const run = { ...line.run, labels };
  const chosen = jig.slots.filter(({ slot }) => slots?.includes(slot) ?? true);
  const byHand = chosen
    .filter(({ presence }) => (presence ?? run.profile.presence) === 'operator')
    .map(({ slot }) => slot);
  const { free, states } = run.ledger.counts(run.open.lot.lotId).planned;
  const isTerminal = process.stdout.isTTY && process.env['TERM'] !== 'dumb';
  const view = new StationView({
    slots: chosen.map(({ slot }) => slot),
    byHand,
    title: `lot ${run.open.lot.code} · ${run.station} · ${jig.name}`,
    planned: limit ?? free + states.failed,
    nowMs: () => performance.now(),
    colour: isTerminal && !process.env['NO_COLOR'],
  });
  using screen = command.jsonEnabled()
    ? jsonScreen(process.stdout)
    : isTerminal
      ? drawnScreen(view, process.stdout, signal)
      : lineScreen(view, process.stdout, signal);
  await using input = await openLineInput(flags, chosen, {
    byHand: byHand.length > 0,
    onIgnored: (reason) => {
      screen.take({ type: 'scan-ignored', reason });
    },
  });
  const { operator, scans } = input;
  const { log } = flags;
  const warn = command.warning.bind(command);
  await using wire = log === undefined ? undefined : await WireFiles.open(log, warn);
  const tally = await runStation(
    { ...line, run },
    {
      ...{ jig, slots, limit, once, signal, scans, maxAttempts: flags['max-attempts'] },
      onEvent: (event) => {
        screen.take(event);
        if (event.type === 'passed') outbox?.nudge();
      },
      ...(wire && {
        onWire: (slot, entry) => {
          wire.take(slot, entry);
        },
      }),
      ...(operator && { nextByOperator: (slot, until) => operator.next(slot, until) }),
    },
  );
  const registered = await outbox?.end(tally.interrupted ? 0 : LAST_TRY_MS);
  output.throwIfFailed();
  if (tally.interrupted) process.exitCode = 130;
  else if (tally.failed > 0) process.exitCode = 6;
  return { ...tally, ...(registered && { registered }) };
}

function slotNumbers(text: string): number[] {
  if (/^\d{1,3}(,\d{1,3})*$/.test(text)) return text.split(',').map(Number);
  throw new KeylineError('usage', {
    message: `${JSON.stringify(text)} are no slots; write numbers, such as 1,2,5`,
  });
}
