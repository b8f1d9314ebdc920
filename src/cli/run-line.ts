import type { StationTally } from '../job/station-event.ts';
import { loadJig } from '../job/check-device-file.ts';
import { openLine } from '../job/open-line.ts';
import type { LineChoices } from '../job/open-line.ts';
import { runStation } from '../job/run-station.ts';
import type { LineFlagValues } from './bench-flags.ts';
import { KeylineError } from '../kernel/errors.ts';
import { commandCredentials } from './credentials.ts';
import { OperatorInput } from './operator-input.ts';
import type { LineCommand } from './run-bench.ts';
import { watchOutput } from './output-loss.ts';
import { drawnScreen, jsonScreen, lineScreen } from './station-screen.ts';
import { StationView } from './station-view.ts';

/** What the flags of `station run` gave beside those of every run. */
export interface StationFlagValues extends LineFlagValues {
  readonly jig: string;
  readonly slots?: string | undefined;
  readonly limit?: number | undefined;
  readonly 'max-attempts': number;
  readonly once: boolean;
  readonly 'after-pass'?: readonly string[] | undefined;
  readonly 'after-pass-timeout': number;
}

/** Works on the slots of a jig and shows it; 6 is the exit code where a device failed, 130 after Ctrl-C. */
export async function runLine(
  command: LineCommand & { jsonEnabled(): boolean },
  choices: LineChoices,
  flags: StationFlagValues,
): Promise<StationTally> {
  const jig = await loadJig(flags.jig);
  const argv = flags['after-pass'];
  const afterPass = argv && { argv, timeoutMs: flags['after-pass-timeout'] * 1000 };
  const credentials = commandCredentials(command, flags);
  const toolVersion = command.config.version;
  const all = { ...choices, jig: jig.name, afterPass };
  await using line = await openLine(command.home, all, { credentials, toolVersion });
  for (const text of line.warnings) command.warning(text);
  using output = watchOutput(process.stdout);
  const signal = AbortSignal.any([command.signal, output.lost]);
  const { limit, once } = flags;
  const slots = flags.slots === undefined ? undefined : slotNumbers(flags.slots);
  const { run } = line;
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
  using operator = byHand.length > 0 ? new OperatorInput(process.stdin) : undefined;
  const tally = await runStation(line, {
    ...{ jig, slots, limit, once, signal, maxAttempts: flags['max-attempts'] },
    onEvent: (event) => {
      screen.take(event);
    },
    ...(operator && { nextByOperator: (slot, until) => operator.next(slot, until) }),
  });
  output.throwIfFailed();
  if (tally.interrupted) process.exitCode = 130;
  else if (tally.failed > 0) process.exitCode = 6;
  return tally;
}

function slotNumbers(text: string): number[] {
  if (/^\d{1,3}(,\d{1,3})*$/.test(text)) return text.split(',').map(Number);
  throw new KeylineError('usage', {
    message: `${JSON.stringify(text)} are no slots; write numbers, such as 1,2,5`,
  });
}
