import { deviceIds, registerUnits } from './bench-registry.ts';
import type { BenchRegistry } from './bench-registry.ts';
import { Line } from './line.ts';
import { paced } from './pace.ts';
import type { Pace } from './pace.ts';

const UNITS = 100_000;
const LINES = 50;
/** All of it stays under the 60,000 requests a minute of one principal. */
const SECONDS = 5;
const LOOK_UPS = [1_000, 2_000] as const;
const REGISTRATIONS = [50, 100, 200, 400] as const;

/** Look-ups and single registrations on fifty connections, among a hundred thousand devices. */
export async function measureLatency(
  registry: BenchRegistry,
  print: (text: string) => void,
): Promise<void> {
  const { world, port } = registry;
  await registerUnits(registry, { first: 0, count: UNITS });
  const ids = await deviceIds(registry, world.maker, 20_000);
  const lines = Array.from({ length: LINES }, () => new Line(port, world.maker));
  const lookUp = (line: number, n: number): Promise<unknown> | undefined =>
    lines[line]?.ask(`/v1/devices/${ids[(line * 7_919 + n * 104_729) % ids.length] ?? ''}`);
  const { lotId } = world.lot.lot;
  let next = UNITS;
  const register = (line: number): Promise<unknown> | undefined => {
    const body = { provisioning: 'verified', devices: [world.unit(next++)] };
    return lines[line]?.ask(`/v1/lots/${lotId}/devices`, { body });
  };
  const measure = async (
    what: string,
    ask: (line: number, n: number) => Promise<unknown> | undefined,
    pace: Pace,
  ): Promise<void> => {
    const times = await paced(pace, async (line, n) => ask(line, n));
    const rate = pace.perSecond === undefined ? 'without a pause' : `${pace.perSecond}/s`;
    const reached = Math.round(times.count / pace.seconds);
    print(`${what}, ${LINES} connections, ${rate} (${reached}/s): ${times.toString()}`);
  };
  const pace = { lines: LINES, seconds: SECONDS };
  await measure('warm', lookUp, { ...pace, seconds: 3 });
  for (const perSecond of LOOK_UPS) await measure('look-up', lookUp, { ...pace, perSecond });
  await measure('look-up', lookUp, pace);
  for (const perSecond of REGISTRATIONS) {
    await measure('registration', register, { ...pace, perSecond });
  }
  await measure('registration', register, pace);
  for (const line of lines) line[Symbol.dispose]();
}
