import { FAILURES } from '../model/failure.ts';
import type { Outcome } from '../job/provision-run.ts';
import { facts } from './table.ts';

/** What came of one device, for a person: PASS or FAIL first. */
export function describeOutcome(outcome: Outcome): string {
  const { hardwareId, serial } = outcome;
  if (!outcome.ok) {
    return facts([
      ['FAIL', `${outcome.code}: ${outcome.reason}`],
      ['step', outcome.step],
      ['serial', serial],
      ['hardware id', hardwareId],
      ['next', FAILURES[outcome.code].hint],
    ]);
  }
  const { kind, evidence, endpointKey } = outcome;
  return facts([
    ['PASS', HOW[kind]],
    ['serial', serial],
    ['hardware id', hardwareId],
    ['endpoint key', endpointKey],
    ['evidence', `${evidence.kind}: ${evidence.detail}`],
  ]);
}

const HOW = {
  written: 'written and verified',
  verified: 'held its credential already, verified',
  adopted: 'held a credential of this lot, adopted and verified',
  checked: 'passed before, checked again',
} as const;
