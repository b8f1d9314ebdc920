import { FAULT_FORMS } from '../job/simulate-devices.ts';
import type { Simulation, SimulatorEvent } from '../job/simulate-devices.ts';
import { table } from './table.ts';

/** The help of `device simulate`. */
export const SIMULATION_HELP = `Each device keeps its memory in DIR/device-N.json and stands behind DIR/slot-N, or behind a TCP port; DIR/jig.yaml is the matching jig. Runs until Ctrl-C.

With --escrow the devices that a station has written go to a registry instead. Each proves its credential, waits for its owner, verifies the configuration that it gets up to its custody anchor, keeps and acknowledges it; what does not verify it refuses, and says why. With --json each event is a line before the result. Exits 6 where a device refused something or is not known.

Faults can be changed while it runs, in DIR/faults.json:

${Object.entries(FAULT_FORMS)
  .map(([form, words]) => `  ${form.padEnd(22)}${words}`)
  .join('\n')}`;

/** What a person does with a simulation that has begun. */
export function describeSimulation({ jig, programs, slots }: Simulation): string {
  return [
    table(slots, [
      { title: 'slot', value: ({ slot }) => slot, align: 'right' },
      { title: 'port', value: ({ address }) => address },
      { title: 'device', value: ({ device = '' }) => device, align: 'right' },
    ]),
    '',
    `Jig: ${jig}`,
    ...(programs === undefined ? [] : [`Programmer: put ${programs} first on the PATH`]),
    'Ctrl-C ends it; the devices keep what they hold.',
  ].join('\n');
}

/** One event on one line. */
export function simulatorLine({ type, slot, device }: SimulatorEvent): string {
  const words = { plugged: 'plugged in', unplugged: 'unplugged', faults: 'has its faults' }[type];
  return `slot ${slot}: ${device === undefined ? 'empty' : `device ${device}`} ${words}`;
}
