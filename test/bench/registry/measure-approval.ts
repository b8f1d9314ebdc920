import { registerUnits } from './bench-registry.ts';
import type { BenchRegistry } from './bench-registry.ts';
import { bystanders } from './bystanders.ts';
import { Line } from './line.ts';
import { timed } from './pace.ts';

const UNITS = 100_000;

/** A decision on a hundred thousand devices, and what others wait for meanwhile. */
export async function measureApproval(
  registry: BenchRegistry,
  print: (text: string) => void,
): Promise<void> {
  const { world, port } = registry;
  await registerUnits(registry, { first: 0, count: UNITS });
  const { lotId } = world.lot.lot;
  using maker = new Line(port, world.maker);
  using north = new Line(port, world.member('north'));
  await using others = await bystanders(registry, UNITS);
  const devices = { lotId, first: 0, last: UNITS - 1 };
  const requested = await timed(() =>
    maker.ask<{ id: string }>('/v1/transfers', { body: { to: 'north', devices } }),
  );
  print(`100,000 devices offered: ${(requested.ms / 1_000).toFixed(2)} s`);
  print(await others.text());
  const path = `/v1/transfers/${requested.result.id}`;
  const began = performance.now();
  const body = { default: 'accept' };
  const decided = await timed(() => north.ask(`${path}/decision`, { body }));
  print(`decided: ${decided.ms.toFixed(0)} ms, after which every reader sees it`);
  for (;;) {
    const { items } = await north.ask<{ items: { state: string }[] }>('/v1/operations');
    if (items.every(({ state }) => state === 'succeeded')) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  print(`carried out: ${((performance.now() - began) / 1_000).toFixed(2)} s`);
  print(await others.text());
  print(`server: ${registry.memory().greatest} MB at most`);
}
