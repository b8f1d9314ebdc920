import type { LedgerEvent } from '../model/ledger-event.ts';
import type { UnitRecord } from '../model/unit-record.ts';
import type { Reservation } from './ledger.ts';

/** How events name a unit; `attempt` is that of the next event. */
export function unitOf(
  unit: UnitRecord,
): Pick<LedgerEvent<'done'>, 'lotId' | 'index' | 'hardwareId' | 'attempt'> {
  const { lotId, index, hardwareId, failures } = unit;
  return { lotId, index, hardwareId, attempt: failures + 1 };
}

/** A unit as whoever reserves it sees it. */
export function reservationOf(unit: UnitRecord, isNew: boolean): Reservation {
  const { state, replaces } = unit;
  return { ...unitOf(unit), state, isNew, ...(replaces !== undefined && { replaces }) };
}
