import { afterAll } from 'vitest';
import { openPort } from '../../src/device/ports/open-port.ts';
import { parsePortAddress } from '../../src/device/ports/port-address.ts';
import type { Port } from '../../src/device/ports/port.ts';
import type { Simulator } from '../../src/device/simulator/simulator.ts';
import { FakeSmpServer } from '../device/drivers/smp-server.ts';
import { fixtureProfile, simulate } from '../device/simulator/bench.ts';
import { smpContract } from './smp-contract.ts';

const BAUD_RATE = 115_200;
// SMP_TARGET: the port of a server to be held to the same; SMP_SETTING and SMP_FOLDER: where it is written to.
const { SMP_TARGET, SMP_SETTING = 'keyline/secret', SMP_FOLDER = '/lfs' } = process.env;

let simulator: Simulator | undefined;
afterAll(() => simulator?.close());

smpContract(SMP_TARGET ?? 'the simulator', async () => {
  const address = SMP_TARGET ?? (await simulated());
  const open = (): Promise<Port> => openPort(parsePortAddress(address), { baudRate: BAUD_RATE });
  return { open, setting: SMP_SETTING, folder: SMP_FOLDER };
});

async function simulated(): Promise<string> {
  simulator = await simulate(fixtureProfile('zephyr-smp-settings'));
  return simulator.slots[0]?.address ?? '';
}

// As firmware without a settings handler and without hashes answers.
smpContract('a server that takes files alone', () => {
  const server = new FakeSmpServer();
  server.override = (request) => {
    if (request.startsWith('3/')) return [['rc', 5]];
    return request === '8/2 read' ? [['rc', 8]] : undefined;
  };
  let made: Port | undefined = server.port;
  const open = (): Promise<Port> => {
    const port = made ?? server.device.openNow();
    made = undefined;
    return Promise.resolve(port);
  };
  return Promise.resolve({ open, setting: SMP_SETTING, folder: SMP_FOLDER });
});
