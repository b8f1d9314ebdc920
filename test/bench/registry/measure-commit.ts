import { registerSealed, registerUnits } from './bench-registry.ts';
import type { BenchRegistry } from './bench-registry.ts';
import { bystanders } from './bystanders.ts';
import { timed } from './pace.ts';

/** The lot's others are registered one by one meanwhile. */
const UNITS = 900_000;
const SETTLE_MS = 10_000;

/** What others wait for while a sealed upload of nearly a million devices comes, is committed and is shown. */
export async function measureCommit(
  registry: BenchRegistry,
  print: (text: string) => void,
): Promise<void> {
  // The lot is there once one of its units is.
  await registerUnits(registry, { first: 0, count: 1 });
  const sealed = await registry.world.seal(1, UNITS, 'as-built');
  await using others = await bystanders(registry, UNITS + 1);
  const { ms } = await timed(() => registerSealed(registry, sealed));
  print(`900,000 devices sent and committed: ${(ms / 1_000).toFixed(1)} s`);
  print(await others.text());
  // Their rows lose the upload's id for some seconds more.
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  print('in the ten seconds after');
  print(await others.text());
  print(`server: ${registry.memory().greatest} MB at most`);
}
