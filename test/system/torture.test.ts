import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BUGS } from '../torture/bugs.ts';
import type { Bug } from '../torture/bugs.ts';
import { torture } from '../torture/torture.ts';

const SECONDS = 180;
const SEEDS = 3;
/** Beside the rounds: the last ones are ended in peace, and a busy machine is slow. */
const MOST_MS = (SECONDS + 300) * 1_000;

describe('stations that are killed at any instant, on eight slots each', () => {
  it(
    'break no promise in three minutes',
    async () => {
      const seed = randomBytes(4).toString('hex');
      const { tally, broken } = await torture({
        seed,
        kills: Infinity,
        seconds: SECONDS,
        lines: 2,
      });
      // What failed can be made again: `npm run torture -- --seed …`.
      expect({ seed, broken }).toEqual({ seed, broken: undefined });
      expect(tally.killed).toBeGreaterThan(20);
    },
    MOST_MS,
  );
});

describe('a defect that is planted into a station', () => {
  it.each(Object.keys(BUGS) as Bug[])(
    'is found: %s',
    async (bug) => {
      const laws: readonly string[] = BUGS[bug];
      const found: string[] = [];
      // Another law may be faster on a busy machine: what is planted must be found by one of its own.
      for (let round = 1; round <= SEEDS && !found.some((law) => laws.includes(law)); round++) {
        found.push(...(await findPlanted(bug, `planted-${round}`)));
      }
      expect(found).toSatisfy((all: string[]) => all.some((law) => laws.includes(law)));
    },
    MOST_MS,
  );
});

/** The laws that a station with this defect breaks first. */
async function findPlanted(bug: Bug, seed: string): Promise<readonly string[]> {
  // Shifts of few rounds, each of which is ended in peace and read as a whole.
  const bounds = { kills: Infinity, seconds: SECONDS, rounds: 30 };
  const { broken } = await torture({ seed, bug, lines: 2, ...bounds });
  if (broken) rmSync(dirname(broken.dir), { recursive: true });
  return broken?.violations.map(({ law }) => law) ?? [];
}
