import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../random.ts';
import type { Bug } from './bugs.ts';
import { bundleServer } from './bundle-server.ts';
import type { Violation } from './scene.ts';
import { runShift } from './shift.ts';
import { Tally } from './tally.ts';

/** How much, and where chance begins. */
export interface TortureOptions {
  readonly seed: string;
  /** Servers to be killed; the run ends with the round in which it is reached. */
  readonly kills: number;
  readonly seconds: number;
  /** Only this shift of the seed. */
  readonly shift?: number | undefined;
  /** Rounds of a shift, each with a check at its end; 3. */
  readonly rounds?: number | undefined;
  /** 20. */
  readonly roundSeconds?: number | undefined;
  readonly bug?: Bug | undefined;
  /** Makes an empty database of PostgreSQL’s, which two servers then share; SQLite unless given. */
  readonly database?: (() => Promise<string>) | undefined;
  /** Told after each shift. */
  readonly onShift?: ((tally: Tally, number: number) => void) | undefined;
}

/** What a run came to. */
export interface TortureResult {
  readonly tally: Tally;
  readonly seconds: number;
  /** The first promises that were broken, and the folder in which everything was left. */
  readonly broken:
    | { readonly shift: number; readonly violations: readonly Violation[]; readonly dir: string }
    | undefined;
}

/** Runs shift after shift until the bounds are reached or a promise is broken. */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const { seed, kills, seconds, rounds = 3, roundSeconds = 20, bug } = options;
  const began = performance.now();
  const dir = mkdtempSync(join(tmpdir(), 'keyline-torture-'));
  const program = await bundleServer(dir, bug);
  const tally = new Tally();
  const isOver = (): boolean =>
    tally.killed >= kills || performance.now() - began > seconds * 1_000;
  let broken: TortureResult['broken'];
  for (let shift = options.shift ?? 1; !broken && !isOver(); shift++) {
    const place = join(dir, `shift-${shift}`);
    const violations = await runShift({
      ...{ dir: place, program, tally, rounds, roundSeconds, isOver },
      database: await options.database?.(),
      servers: options.database ? 2 : 1,
      random: new Random(`${seed}/${shift}`),
    });
    options.onShift?.(tally, shift);
    if (violations.length > 0) broken = { shift, violations, dir: place };
    else rmSync(place, { recursive: true });
    if (options.shift !== undefined) break;
  }
  if (!broken) rmSync(dir, { recursive: true });
  return { tally, seconds: (performance.now() - began) / 1_000, broken };
}
