import { startCluster } from '../../system/postgres.ts';
import type { Cluster } from '../../system/postgres.ts';
import { serveRegistry } from './bench-registry.ts';
import type { BenchRegistry } from './bench-registry.ts';
import { measureApproval } from './measure-approval.ts';
import { measureCommit } from './measure-commit.ts';
import { measureLatency } from './measure-latency.ts';
import { measurePair } from './measure-pair.ts';
import { measureWaiting } from './measure-waiting.ts';

/**
 * Measures a registry that the built command line serves, from this process: `npm run bench:registry --
 * [latency|approval|waiting|commit|pair …] [postgres]`. Prints figures; checks nothing.
 */
const MEASURES: Readonly<
  Record<string, (registry: BenchRegistry, print: (text: string) => void) => Promise<void>>
> = {
  latency: measureLatency,
  approval: measureApproval,
  waiting: measureWaiting,
  commit: measureCommit,
  pair: measurePair,
};

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const given = process.argv.slice(2);
const named = Object.keys(MEASURES).filter((name) => given.includes(name));
const names = named.length > 0 ? named : Object.keys(MEASURES);
await using cluster: Cluster | undefined = given.includes('postgres')
  ? await startCluster({ isDurable: true })
  : undefined;
for (const name of names) {
  // Two processes share no SQLite file.
  if (name === 'pair' && !cluster) continue;
  print(`${name} on ${cluster ? 'PostgreSQL' : 'SQLite'}`);
  await using registry = await serveRegistry(await cluster?.database());
  await MEASURES[name]?.(registry, print);
}
