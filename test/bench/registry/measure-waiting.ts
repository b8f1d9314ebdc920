import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { deviceIds, registerUnits } from './bench-registry.ts';
import type { BenchRegistry } from './bench-registry.ts';
import { Line } from './line.ts';

const DEVICES = 10_000;

/** Devices that all wait on one process, its memory, and how soon they hear of an approval. */
export async function measureWaiting(
  registry: BenchRegistry,
  print: (text: string) => void,
): Promise<void> {
  const { world, port } = registry;
  await registerUnits(registry, { first: 0, count: DEVICES });
  const ids = await deviceIds(registry, world.maker, DEVICES);
  const tokens = await registry.sessions(ids);
  print(`server before: ${registry.memory().resident} MB`);
  const waiters = fork(join(import.meta.dirname, 'waiters.ts'), { execArgv: ['--import', 'tsx'] });
  waiters.send({ port, tokens });
  await once(waiters, 'message');
  // All requests are on their way; the server looks at each before it lets it wait.
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  const { resident, greatest } = registry.memory();
  print(`${DEVICES} devices wait: ${resident} MB, ${greatest} MB at most`);
  const { lotId } = world.lot.lot;
  using maker = new Line(port, world.maker);
  using north = new Line(port, world.member('north'));
  const body = { to: 'north', devices: { lotId } };
  const { id } = await maker.ask<{ id: string }>('/v1/transfers', { body });
  const told = once(waiters, 'message');
  const began = performance.now();
  await north.ask(`/v1/transfers/${id}/decision`, { body: { default: 'accept' } });
  const [{ normal }] = (await told) as [{ normal: number }];
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  print(`all answered ${seconds} s after the decision, ${normal} with a signed configuration`);
  print(`server: ${registry.memory().greatest} MB at most`);
  waiters.disconnect();
  await once(waiters, 'exit');
}
