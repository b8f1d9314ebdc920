import type { Violation } from './checker.ts';
import type { Random } from './random.ts';
import { NOTHING_KNOWN, readLedger } from './read-ledger.ts';
import { runRound } from './round.ts';
import type { Shift } from './round.ts';

/** Passes in which every good device must come to its end; more than one for a machine that is busy. */
const PASSES = 4;

/**
 * Ends a shift in peace: every good device that was left halfway comes back to a slot, nothing is
 * killed and nothing goes wrong. What is then not done is lost.
 */
export async function finishAll(shift: Shift, random: Random): Promise<readonly Violation[]> {
  const { floor, operator } = shift;
  const found: Violation[] = [];
  for (let pass = 1; pass <= PASSES; pass++) {
    const waiting = unfinished(shift);
    if (pass > 1 && waiting.length === 0) break;
    for (let at = 0; at === 0 || at < waiting.length; at += floor.slots) {
      await operator.put(fill(shift, waiting.slice(at, at + floor.slots)));
      await operator.prepare(random.fork(`${pass}/${at}`), { calm: true });
      const { violations } = await runRound(shift, {
        kill: { at: 'place', place: 'stamped', nth: Number.MAX_SAFE_INTEGER },
        ...{ once: true, maxAttempts: 3, acknowledge: false, mostMs: 60_000, isPatient: true },
      });
      if (violations.length > 0) return violations;
    }
  }
  const whole = await readLedger(floor.ledgerPath, NOTHING_KNOWN);
  found.push(...shift.checker.checkHistory(whole));
  for (const device of unfinished(shift)) {
    const unit = shift.checker.replay.unitOf(idOf(shift, device));
    found.push({
      law: 'no-index-lost',
      what: `unit ${unit?.index ?? -1} is ${unit?.state ?? 'free'} ${unit?.code ?? ''}, and device ${device} is good`,
    });
  }
  return found;
}

/** Good devices with a unit that is neither done nor set aside because two devices had one id. */
function unfinished({ floor, operator, checker }: Shift): number[] {
  return floor.simulator
    .memories()
    .filter(({ device, hardwareId }) => {
      const unit = checker.replay.unitOf(hardwareId);
      if (!operator.isGood(device) || !unit || unit.state === 'done') return false;
      return unit.code !== 'duplicate-id';
    })
    .map(({ device }) => device);
}

/** As many devices as there are slots: those that wait, and others beside them. */
function fill({ floor, operator }: Shift, waiting: readonly number[]): number[] {
  const others = floor.simulator
    .memories()
    .map(({ device }) => device)
    .filter((device) => operator.isGood(device) && !waiting.includes(device));
  return [...waiting, ...others.slice(-floor.slots)].slice(0, floor.slots);
}

function idOf({ floor }: Shift, device: number): string {
  return floor.simulator.memories().find((one) => one.device === device)?.hardwareId ?? '';
}
