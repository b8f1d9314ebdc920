import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUGS } from '../torture/registry/bugs.ts';
import type { Bug } from '../torture/registry/bugs.ts';
import { torture } from '../torture/registry/torture.ts';
import { startCluster } from './postgres.ts';
import type { Cluster } from './postgres.ts';

const SECONDS = 90;
/** Beside the rounds: what is under way comes to its end, and a busy machine is slow. */
const MOST_MS = (SECONDS + 600) * 1_000;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster[Symbol.asyncDispose]());

describe('registry servers that are killed at any instant', () => {
  it.each(['SQLite', 'PostgreSQL'] as const)(
    'break no promise in ninety seconds on %s',
    async (name) => {
      const seed = randomBytes(4).toString('hex');
      const database = name === 'SQLite' ? undefined : () => cluster.database();
      const { tally, broken } = await torture({
        ...{ seed, database, kills: Infinity, seconds: SECONDS, roundSeconds: 30 },
      });
      // What failed can be made again: `npm run torture:registry -- --seed …`.
      expect({ seed, broken }).toEqual({ seed, broken: undefined });
      expect(tally.killed).toBeGreaterThan(3);
    },
    MOST_MS,
  );
});

describe('a defect that is planted into a server', () => {
  it.each(Object.keys(BUGS) as Bug[])(
    'is found: %s',
    async (bug) => {
      const bounds = { kills: Infinity, seconds: 3 * SECONDS, rounds: 100, roundSeconds: 4 };
      const { broken } = await torture({ seed: 'planted', bug, ...bounds });
      const laws: readonly string[] = BUGS[bug].laws;
      const found = broken?.violations.map(({ law }) => law) ?? [];
      if (broken) rmSync(dirname(broken.dir), { recursive: true });
      expect(found).toSatisfy((all: string[]) => all.some((law) => laws.includes(law)));
    },
    MOST_MS,
  );
});
