import { EventReader } from '../../system/served-registry.ts';
import { deviceIds, registerUnits } from './bench-registry.ts';
import type { BenchRegistry } from './bench-registry.ts';
import { Line } from './line.ts';
import { Times } from './pace.ts';

const TURNS = 50;
/** For the long poll to have looked once: nothing is heard of that. */
const SETTLE_MS = 100;

/** How soon a device that waits on one process has heard of an approval that was sent to another. */
export async function measurePair(
  registry: BenchRegistry,
  print: (text: string) => void,
): Promise<void> {
  const { world, port } = registry;
  await using other = await registry.another();
  await registerUnits(registry, { first: 0, count: 2 * TURNS });
  const ids = await deviceIds(registry, world.maker, 2 * TURNS);
  const tokens = await registry.sessions(ids);
  using maker = new Line(port, world.maker);
  using north = new Line(other.port, world.member('north'));
  for (const [way, wait] of [
    ['a long poll', longPoll],
    ['a stream', stream],
  ] as const) {
    const times = new Times();
    for (let turn = 0; turn < TURNS; turn++) {
      const [id, token] = [ids.pop() ?? '', tokens.pop() ?? ''];
      const body = { to: 'north', devices: { ids: [id] } };
      const transfer = await maker.ask<{ id: string }>('/v1/transfers', { body });
      const heard = await wait(port, token);
      const began = performance.now();
      const decided = north.ask(`/v1/transfers/${transfer.id}/decision`, {
        body: { default: 'accept' },
      });
      await heard();
      times.add(performance.now() - began);
      await decided;
    }
    print(`${way}, from sending the approval to the signed configuration: ${times.toString()}`);
  }
}

/** Resolves once the device waits, to what resolves when it is told of its configuration. */
type Wait = (port: number, token: string) => Promise<() => Promise<void>>;

const longPoll: Wait = async (port, token) => {
  const line = new Line(port, { authorization: `Bearer ${token}` });
  const answered = line.ask<{ mode: string }>('/v1/device/wait?seconds=50');
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return async () => {
    const { mode } = await answered;
    line[Symbol.dispose]();
    if (mode !== 'normal') throw new Error(`the device is in ${mode} mode`);
  };
};

const stream: Wait = async (port, token) => {
  const served = { url: `http://127.0.0.1:${port}` };
  const events = await EventReader.open(served, token, '/v1/device/wait');
  await events.until(/event: escrow\n.*\n\n/);
  return async () => {
    await events.until(/event: normal\n.*\n\n/);
    events[Symbol.dispose]();
  };
};
