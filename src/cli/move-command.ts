import { Args, Flags } from '@oclif/core';
import { readDevices } from '../job/device-list.ts';
import { saidWhenInterrupted } from '../job/interrupted-request.ts';
import { moveDevices } from '../job/move-devices.ts';
import type { FleetDevice, MovedDevice } from '../job/move-devices.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { EscrowMove, FleetMove, RegistryFleet } from '../registry/fleet.ts';
import type { BaseCommand } from './base-command.ts';
import { tabulateMoved } from './describe-fleet.ts';
import { yesFlag } from './flags.ts';
import { createProgress, grouped } from './progress.ts';
import type { Progress } from './progress.ts';
import { openRegistryFor, registryContextFlags } from './registry-context-flags.ts';
import type { RegistryContextValues } from './registry-context-flags.ts';

/** The argument of every command that moves devices. */
export const moveArgs = {
  device: Args.string({
    required: true,
    multiple: true,
    description: 'Serial, endpoint key, id, or a file of them; one or more.',
  }),
};

/** The flags of every command that moves devices. */
export const moveFlags = {
  'dry-run': Flags.boolean({ summary: 'Only say where they stand.' }),
  yes: yesFlag,
  ...registryContextFlags,
};

/** What the flags gave. */
export interface MoveFlagValues extends RegistryContextValues {
  readonly 'dry-run'?: boolean;
  readonly yes?: boolean;
}

/** What `--json` prints of it. */
export interface Moved {
  readonly dryRun: boolean;
  readonly devices: readonly MovedDevice[];
}

interface Move {
  /** Such as `Quarantine 3 devices`. */
  readonly question: (devices: string) => string;
  readonly move: (fleet: RegistryFleet, name: string) => Promise<FleetDevice>;
  readonly show: (fleet: RegistryFleet, name: string) => Promise<FleetDevice>;
  readonly stateOf: (device: FleetDevice) => string;
}

const NAMED = 6;

const enrollment = (move: FleetMove, question: Move['question']): Move => ({
  question,
  move: (fleet, name) => fleet.move(name, move),
  show: (fleet, name) => fleet.show(name),
  stateOf: (device) => device.enrollment,
});
const escrow = (move: EscrowMove, question: Move['question']): Move => ({
  question,
  move: (fleet, name) => fleet.moveEscrow(name, move),
  show: (fleet, name) => fleet.showEscrow(name),
  stateOf: (device) => device.escrow,
});

const MOVES: Readonly<Record<FleetMove | EscrowMove, Move>> = {
  quarantine: enrollment('quarantine', (devices) => `Quarantine ${devices}?`),
  release: enrollment('release', (devices) => `Take ${devices} out of quarantine?`),
  retire: enrollment('retire', (devices) => `Retire ${devices} for good?`),
  cancel: escrow('cancel', (devices) => `Take ${devices} out of escrow?`),
  restore: escrow('restore', (devices) => `Put ${devices} back into escrow?`),
};

/**
 * Asks, moves the named devices and prints what became of each; 6 is the exit code where some of several
 * could not be moved. Throws what a single one is refused for.
 */
export async function moveByCommand(
  command: BaseCommand,
  what: { readonly move: FleetMove | EscrowMove; readonly device: readonly string[] },
  flags: MoveFlagValues,
): Promise<Moved> {
  const { 'dry-run': dryRun = false, yes = false } = flags;
  const named = await readDevices(what.device, command.signal);
  const names = [...new Set(named.map(({ name }) => name))];
  const { question, move, show, stateOf } = MOVES[what.move];
  const { fleet } = (await openRegistryFor(command, flags)).registry;
  if (!dryRun) await command.confirm(question(nameDevices(names)), yes);
  const stream = command.jsonEnabled() ? { write: () => true } : process.stderr;
  let progress: Progress | undefined;
  const moving = moveDevices(
    names,
    (name) => (dryRun ? show(fleet, name) : move(fleet, name)),
    (done, total) => {
      progress ??= createProgress('Moving', total, stream);
      progress.update(done);
    },
  ).finally(() => progress?.end());
  const devices = await saidWhenInterrupted(
    moving,
    'Devices that were reached stay as they are now; the same command goes on with the rest.',
  );
  const failed = devices.flatMap(({ error }) => (error ? [error] : []));
  const [only] = failed;
  if (only && devices.length === 1) throw new KeylineError(only.code, { message: only.message });
  command.print(tabulateMoved(devices, stateOf));
  if (failed.length > 0) {
    command.warning(`${grouped(failed.length)} of ${grouped(devices.length)} devices failed`);
    process.exitCode = 6;
  }
  return { dryRun, devices };
}

function nameDevices(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).join(', ');
  const more = names.length > NAMED ? ` and ${grouped(names.length - NAMED)} more` : '';
  return `${names.length === 1 ? 'device' : 'devices'} ${shown}${more}`;
}
