import type { LedgerEvent } from '../model/ledger-event.ts';
import type { UnitRecord } from '../model/unit-record.ts';
import type { UnitMove, UnitState } from '../model/unit-state.ts';

/** An event that moves a unit. */
export type UnitEvent = LedgerEvent<UnitMove>;

type Open = { -readonly [K in keyof UnitRecord]: UnitRecord[K] };

/** The record after an allowed move to `state`; `before` is undefined for an index that was free. */
export function changedRecord(
  before: UnitRecord | undefined,
  event: UnitEvent,
  state: UnitState,
): UnitRecord {
  const { lotId, index, hardwareId, at, station, seq } = event;
  const record: Open = {
    ...(before ? withoutPlace(before) : { failures: 0, firstAt: at }),
    ...{ lotId, index, hardwareId, state, changedAt: at, station, seq },
    ...(event.slot !== undefined && { slot: event.slot }),
    ...(event.operator !== undefined && { operator: event.operator }),
    ...(event.order !== undefined && { order: event.order }),
  };
  applyType(record, event);
  return record;
}

/** Slot, operator and order are those of the last event, or none. */
function withoutPlace(record: UnitRecord): Omit<UnitRecord, 'slot' | 'operator' | 'order'> {
  const rest: Open = { ...record };
  delete rest.slot;
  delete rest.operator;
  delete rest.order;
  return rest;
}

function applyType(record: Open, event: UnitEvent): void {
  switch (event.type) {
    case 'writing':
      // What was verified before says nothing about what is being written now.
      delete record.verifiedAt;
      delete record.evidence;
      delete record.captures;
      break;
    case 'written':
    case 'adopted':
      addCaptures(record, event.captures);
      break;
    case 'verified':
    case 'imported':
      record.verifiedAt = event.at;
      record.evidence = event.evidence;
      addCaptures(record, event.captures);
      break;
    case 'failed':
    case 'rejected':
      record.failures += 1;
      record.code = event.code;
      record.reason = event.reason;
      break;
    case 'scrapped':
      record.reason = event.reason;
      break;
    case 'replaced':
      record.reason = event.reason;
      record.replacedBy = event.by;
      break;
    case 'reserved':
      if (event.replaces !== undefined) record.replaces = event.replaces;
      break;
    case 'released':
    case 'checked':
    case 'done':
  }
}

function addCaptures(record: Open, captures: Readonly<Record<string, string>> | undefined): void {
  if (captures) record.captures = { ...record.captures, ...captures };
}
