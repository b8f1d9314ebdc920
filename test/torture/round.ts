import { join } from 'node:path';
import type { Checker, Violation } from './checker.ts';
import type { Floor } from './floor.ts';
import type { KillPoint } from './kill-point.ts';
import type { Operator } from './operator.ts';
import type { Random } from './random.ts';
import { readHeadStatement, readLedger } from './read-ledger.ts';
import { startStation } from './station-process.ts';
import type { StationEnd } from './station-process.ts';
import type { StationOrder } from './station-order.ts';

/** Everything that rounds of one station share. */
export interface Shift {
  readonly floor: Floor;
  readonly operator: Operator;
  readonly checker: Checker;
  /** Of station-program.ts. */
  readonly program: string;
  readonly bug: StationOrder['bug'];
}

/** What a round is to be. */
export interface RoundPlan {
  readonly kill: KillPoint;
  readonly once: boolean;
  readonly maxAttempts: number;
  readonly acknowledge: boolean;
  /** Devices get time enough for a machine that is busy. */
  readonly isPatient?: boolean;
  /** Whoever has not come to the place where it dies by then is killed wherever it is. */
  readonly mostMs: number;
}

/** What came of a round. */
export interface RoundResult {
  readonly end: StationEnd;
  readonly violations: readonly Violation[];
}

/** No unit takes so long, whatever is wrong with its device. */
const HUNG_MS = 60_000;

/** Starts the station, lets it work until it is killed, and holds what is left against the laws. */
export async function runRound(shift: Shift, plan: RoundPlan): Promise<RoundResult> {
  const { operator } = shift;
  const station = startStation({
    program: shift.program,
    order: orderFor(shift, plan),
    orderPath: join(shift.floor.dir, 'order.json'),
    programsPath: shift.floor.simulator.programsPath,
    mostMs: HUNG_MS,
    onSaid: (said) => {
      operator.hears(said);
    },
  });
  const { kill } = plan;
  const signal = kill.at === 'interrupt' ? 'SIGINT' : 'SIGKILL';
  const timer = setTimeout(
    () => {
      station.send(signal);
    },
    kill.at === 'place' ? plan.mostMs : kill.afterMs,
  );
  operator.begin();
  const end = await station.ended;
  clearTimeout(timer);
  await operator.end();
  return { end, violations: await checkScene(shift, end) };
}

/** What a station of this floor is told. */
export function orderFor({ floor, bug }: Shift, plan: RoundPlan): StationOrder {
  const { home, identityFile, witness, simulator } = floor;
  const profile = plan.isPatient ? floor.patientProfilePath : floor.profilePath;
  const { kill, once, maxAttempts, acknowledge } = plan;
  return {
    ...{ home, identityFile, witness, lot: 'T1', profile, jig: simulator.jigPath },
    ...{ kill, once, maxAttempts, acknowledge, bug },
  };
}

async function checkScene(
  { floor, operator, checker }: Shift,
  end: StationEnd,
): Promise<Violation[]> {
  const violations = checker.check({
    ledger: await readLedger(floor.ledgerPath, checker.head),
    devices: floor.simulator.memories().map((memory) => operator.book.known(memory)),
    readBack: operator.readBack(),
    toldPasses: end.said.flatMap((one) => {
      if (one.said !== 'passed') return [];
      const { hardwareId = '', index = -1 } = one.unit;
      return [{ hardwareId, index }];
    }),
    witness: floor.witness === undefined ? undefined : readHeadStatement(floor.witness),
    hasWitness: floor.witness !== undefined,
    isCleanEnd: end.how === 'ended',
  });
  if (end.how === 'killed' || end.how === 'ended') return violations;
  return [...violations, { law: 'ends-clean', what: `${end.how}: ${end.detail ?? ''}` }];
}

/** A plan drawn by chance. */
export function drawPlan(random: Random, kill: KillPoint): RoundPlan {
  return {
    kill,
    once: random.chance(20),
    maxAttempts: random.between(1, 3),
    acknowledge: random.chance(10),
    mostMs: 2_500,
  };
}
