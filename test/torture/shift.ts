import { Checker } from './checker.ts';
import type { Violation } from './checker.ts';
import { drawCopy, runCopyRound, takeSnapshot } from './copy-round.ts';
import type { Snapshot } from './copy-round.ts';
import { makeFloor } from './floor.ts';
import { finishAll } from './finish.ts';
import { PROFILES } from './impatient-profile.ts';
import { drawKillPoint } from './kill-point.ts';
import { Operator } from './operator.ts';
import { Random } from './random.ts';
import { drawPlan, runRound } from './round.ts';
import type { Shift } from './round.ts';
import type { StationOrder } from './station-order.ts';
import type { Tally } from './tally.ts';

/** What a shift is: one station, its devices and its ledger, killed again and again. */
export interface ShiftOptions {
  /** Empty. */
  readonly dir: string;
  /** Of the whole run; with the number it says everything that chance decides. */
  readonly seed: string;
  readonly number: number;
  readonly rounds: number;
  readonly program: string;
  readonly bug?: StationOrder['bug'];
  readonly tally: Tally;
  /** No further round is begun. */
  readonly isOver: () => boolean;
}

/** What broke a promise, and in which round. */
export interface BrokenShift {
  readonly number: number;
  readonly round: number;
  readonly violations: readonly Violation[];
}

const SLOTS = 8;
/** How long a station takes for what is in its slots. */
const TYPICAL_MS = 2_000;
const RESEAT_EVERY = 8;

/** Runs a shift to its end, or to the first broken promise. */
export async function runShift(options: ShiftOptions): Promise<BrokenShift | undefined> {
  const { dir, number, program, bug, tally } = options;
  const random = new Random(`${options.seed}/${number}`);
  const profile = PROFILES[(number - 1) % PROFILES.length] ?? PROFILES[0];
  const seed = `${options.seed}/${number}`;
  const hasWitness = number % 2 === 1;
  await using floor = await makeFloor({ dir, seed, profile, slots: SLOTS, hasWitness });
  const operator = new Operator(floor, random);
  const shift: Shift = { floor, operator, checker: new Checker(floor.units), program, bug };
  const broken = await runRounds(shift, random, options);
  tally.shifts += 1;
  tally.unplugs += operator.unplugs;
  tally.devices += floor.simulator.memories().length;
  tally.events += shift.checker.head.seq;
  for (const [kind, count] of operator.faults) tally.count('faults', kind, count);
  return broken;
}

async function runRounds(
  shift: Shift,
  random: Random,
  options: ShiftOptions,
): Promise<BrokenShift | undefined> {
  const { number, tally, isOver } = options;
  const snapshots: Snapshot[] = [];
  let round = 1;
  for (; round <= options.rounds && !isOver(); round++) {
    const chance = random.fork(round);
    if (round % RESEAT_EVERY === 0) await reseat(shift, chance.fork('seats'));
    await shift.operator.prepare(chance.fork('slots'), { calm: false });
    const copy = chance.chance(10) ? drawCopy(shift, chance.fork('copy'), snapshots) : undefined;
    if (copy) {
      tally.count('copies', copy.kind);
      const violations = await runCopyRound(shift, copy);
      if (violations.length > 0) return { number, round, violations };
    }
    const plan = drawPlan(chance, drawKillPoint(chance.fork('kill'), TYPICAL_MS));
    const { end, violations } = await runRound(shift, plan);
    tally.round(end);
    tally.count('profiles', shift.floor.profile);
    if (violations.length > 0) return { number, round, violations };
    if (shift.checker.head.seq > 0 && chance.chance(30)) {
      snapshots.push(takeSnapshot(shift, snapshots.length + 1));
    }
  }
  const violations = await finishAll(shift, random.fork('finish'));
  return violations.length > 0 ? { number, round, violations } : undefined;
}

/** Devices that were left halfway come back, to whatever slot; those that are there change places. */
async function reseat({ floor, operator, checker }: Shift, random: Random): Promise<void> {
  const seated = floor.simulator.slots.flatMap(({ device }) => device ?? []);
  const unfinished = floor.simulator
    .memories()
    .filter(({ device, hardwareId }) => {
      const state = checker.replay.unitOf(hardwareId)?.state;
      return state !== undefined && state !== 'done' && !seated.includes(device);
    })
    .map(({ device }) => device);
  const back = random.shuffled(unfinished).slice(0, 4);
  const stay = random.shuffled(seated).slice(0, floor.slots - back.length);
  await operator.put(random.shuffled([...back, ...stay]));
}
