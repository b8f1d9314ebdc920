import { registerUnits } from './bench-registry.ts';
import type { BenchRegistry } from './bench-registry.ts';
import { Line } from './line.ts';
import { Times } from './pace.ts';

const UNITS = 100_000;
const EVERY_MS = 20;

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
  await using others = bystanders(registry);
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

/** Others who read, register and check in all the time, each on a line of its own. */
function bystanders({ world, port }: BenchRegistry): AsyncDisposable & { text(): Promise<string> } {
  const { lotId } = world.lot.lot;
  let next = UNITS;
  let last: string = world.endpointKey(0);
  const asks: Readonly<Record<string, (line: Line) => Promise<unknown>>> = {
    'who am I': (line) => line.ask('/v1/me'),
    'a look-up': (line) => line.ask(`/v1/devices/${last}`),
    'a registration': async (line) => {
      const unit = world.unit(next++);
      const body = { provisioning: 'verified', devices: [unit] };
      await line.ask(`/v1/lots/${lotId}/devices`, { body });
      last = unit.endpointKey;
    },
  };
  let isOver = false;
  let times = new Map<string, Times>();
  const underWay = new Map<string, Promise<unknown>>();
  const working = Object.entries(asks).map(async ([name, ask]) => {
    using line = new Line(port, world.maker);
    while (!isOver) {
      const own = times.get(name) ?? new Times();
      times.set(name, own);
      const asked = timed(() => ask(line)).then(({ ms }) => {
        own.add(ms);
      });
      underWay.set(name, asked);
      await asked;
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  });
  return {
    text: async () => {
      // Whoever waits still has waited for what is measured.
      await Promise.all(underWay.values());
      const said = [...times]
        .filter(([, own]) => own.count > 0)
        .map(([name, own]) => `  ${name}: ${own.toString()}`);
      times = new Map();
      return said.join('\n');
    },
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      await Promise.all(working);
    },
  };
}

async function timed<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly ms: number }> {
  const began = performance.now();
  const result = await work();
  return { result, ms: performance.now() - began };
}
