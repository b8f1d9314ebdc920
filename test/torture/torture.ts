import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleStation } from './bundle.ts';
import { runShift } from './shift.ts';
import type { BrokenShift } from './shift.ts';
import type { StationOrder } from './station-order.ts';
import { Tally } from './tally.ts';

/** How much, and where chance begins. */
export interface TortureOptions {
  readonly seed: string;
  /** Stations to be killed; the run ends with the round in which it is reached. */
  readonly kills: number;
  readonly seconds: number;
  /** Only this shift of the seed. */
  readonly shift?: number | undefined;
  /** Shifts at once. */
  readonly lines?: number | undefined;
  /** Rounds of a shift; 100. */
  readonly rounds?: number | undefined;
  readonly bug?: StationOrder['bug'];
  /** Told after each shift. */
  readonly onShift?: ((tally: Tally, number: number) => void) | undefined;
}

/** What a run came to. */
export interface TortureResult {
  readonly tally: Tally;
  readonly seconds: number;
  /** The first promise that was broken, and the folder in which everything was left. */
  readonly broken: (BrokenShift & { readonly dir: string }) | undefined;
}

const ROUNDS = 100;

/** Runs shift after shift until the bounds are reached or a promise is broken. */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const { seed, kills, seconds, lines = 1, rounds = ROUNDS, bug } = options;
  const began = performance.now();
  const dir = mkdtempSync(join(tmpdir(), 'keyline-torture-'));
  const program = await bundleStation(dir);
  const tally = new Tally();
  let broken: TortureResult['broken'];
  const isOver = (): boolean =>
    broken !== undefined || tally.killed >= kills || performance.now() - began > seconds * 1_000;
  let next = options.shift ?? 1;
  const line = async (): Promise<void> => {
    while (!isOver() && (options.shift === undefined || next === options.shift)) {
      const number = next++;
      const place = join(dir, `shift-${number}`);
      mkdirSync(place, { mode: 0o700 });
      const shift = { dir: place, seed, number, rounds, program, bug, tally, isOver };
      const found = await runShift(shift);
      if (found) broken ??= { ...found, dir: place };
      else rmSync(place, { recursive: true });
      options.onShift?.(tally, number);
    }
  };
  await Promise.all(Array.from({ length: lines }, line));
  if (!broken) rmSync(dir, { recursive: true });
  return { tally, seconds: (performance.now() - began) / 1_000, broken };
}
