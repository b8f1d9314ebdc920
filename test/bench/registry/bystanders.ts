import type { BenchRegistry } from './bench-registry.ts';
import { Line } from './line.ts';
import { timed, Times } from './pace.ts';

const EVERY_MS = 20;

/** Who is there while something else is measured. */
export interface Bystanders extends AsyncDisposable {
  /** How long each kind of request took since this was asked last. */
  text(): Promise<string>;
}

/** Others who read and register all the time, units from `first` on, each on a line of its own, until disposed. */
export async function bystanders(
  { world, port }: BenchRegistry,
  first: number,
): Promise<Bystanders> {
  const { lotId } = world.lot.lot;
  let next = first;
  let last = '';
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
  {
    using line = new Line(port, world.maker);
    await asks['a registration']?.(line);
  }
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
