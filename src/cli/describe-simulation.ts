import type { Simulation, SimulatorEvent } from '../job/simulate-devices.ts';
import { table } from './table.ts';

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
