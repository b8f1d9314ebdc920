import { ledgerPath } from '../home/ledger-paths.ts';
import type { Home } from '../home/home.ts';
import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { openLedgerReader } from '../ledger/open-ledger.ts';
import { REWORK_CODE } from '../model/failure.ts';
import type { Lot } from '../model/lot.ts';
import { unitSerial } from '../model/serial-template.ts';
import type { UnitRecord } from '../model/unit-record.ts';
import { nextState } from '../model/unit-state.ts';
import type { UnitState } from '../model/unit-state.ts';
import { sparesLeft } from './admit-spares.ts';
import { heldUnit } from './held-unit.ts';
import type { HeldUnitName } from './held-unit.ts';
import { findLot, openLot } from './open-lot.ts';
import { requireOpenLot } from './require-open-lot.ts';
import { findUnit } from './show-unit.ts';

/** What a person decides about a unit that did not pass, or passed and is not wanted. */
export const SETTLEMENTS = ['rework', 'replace', 'scrap'] as const;
export type Settlement = (typeof SETTLEMENTS)[number];

/** Which units, and what is to come of them. */
export interface SettleRequest {
  /** Code or id. */
  readonly lot: string;
  readonly action: Settlement;
  /** Endpoint keys, serials, indexes or hardware ids. */
  readonly units: readonly string[];
  readonly by?: HeldUnitName | undefined;
  /** Every unit that is `failed`, instead of named ones. */
  readonly allFailed: boolean;
  readonly ledger?: string | undefined;
}

/** One unit, before or after. */
export interface SettledUnit {
  readonly index: number;
  readonly serial: string;
  readonly hardwareId: string;
  readonly from: UnitState;
  readonly to: UnitState;
  /** What was asked for is so already, and nothing is recorded. */
  readonly unchanged: boolean;
  /** The spare unit that the device has from now on. */
  readonly replacedBy?: number;
  readonly replacedBySerial?: string;
}

/** What would be done, with the ledger as it was when it was looked at. */
export interface SettlePlan {
  readonly lot: Lot;
  readonly action: Settlement;
  readonly ledger: string;
  readonly units: readonly SettledUnit[];
}

/**
 * What would be done to which units, in the order of their indexes, each once. Only an endpoint key needs
 * credentials. Throws `lot-closed`, `usage` where no unit is named, what `heldUnit` throws,
 * `invalid-transition` for the first unit that cannot go there, `lot-used-up` for want of spare units.
 */
export async function planSettlement(
  home: Home,
  request: SettleRequest,
  effects: { readonly credentials: () => Credentials; readonly signal?: AbortSignal | undefined },
): Promise<SettlePlan> {
  const { units: names, allFailed, by, action } = request;
  const stored = await findLot(home, request.lot);
  requireOpenLot(stored);
  const { lot } = stored;
  if (allFailed === names.length > 0) {
    throw new KeylineError('usage', { message: 'name the units, or say --all-failed' });
  }
  const path = request.ledger ?? ledgerPath(home);
  using reader = await openLedgerReader(path);
  const records = new Map<number, UnitRecord>();
  const place = {
    ...{ lot, reader, by },
    search: async (reference: Parameters<typeof findUnit>[1]): Promise<number> => {
      if ('index' in reference) return reference.index;
      await using open = await openLot(home, stored, effects.credentials());
      return await findUnit(open, reference, effects.signal);
    },
  };
  for (const name of names) {
    const record = await heldUnit(place, name);
    records.set(record.index, record);
  }
  if (allFailed) {
    for await (const record of reader.units(lot.lotId, ['failed'])) {
      throwIfAborted(effects.signal);
      records.set(record.index, record);
    }
  }
  const units = [...records.values()]
    .sort((a, b) => a.index - b.index)
    .map((record) => settlementOf(lot, action, record));
  if (action === 'replace') await sparesLeft(home, { lot, reader, wanted: units.length });
  return { lot, action, ledger: path, units };
}

/** What the action does to this unit. Throws `invalid-transition`. */
export function settlementOf(lot: Lot, action: Settlement, record: UnitRecord): SettledUnit {
  const { index, hardwareId, state: from, code } = record;
  const unit = { index, serial: unitSerial(lot, index), hardwareId, from };
  // Its device is written at its next visit as it is.
  const waits = from === 'reserved' || (from === 'failed' && code === REWORK_CODE);
  if (action === 'rework' && waits) return { ...unit, to: from, unchanged: true };
  const to = targetOf(action, from);
  if (to !== undefined) return { ...unit, to, unchanged: false };
  throw new KeylineError('invalid-transition', {
    message: `unit ${index} (${unit.serial}) is ${from}: ${IMPOSSIBLE[action]}`,
    hint: 'Nothing was recorded. `keyline unit --help` lists what can be done with a unit.',
    facts: { lotId: lot.lotId, index, state: from, action },
  });
}

const IMPOSSIBLE: Readonly<Record<Settlement, string>> = {
  rework: 'nothing is left to be written again',
  replace: 'it holds no credential that could be replaced',
  scrap: 'it has been ended already',
};

function targetOf(action: Settlement, from: UnitState): UnitState | undefined {
  switch (action) {
    case 'rework':
      return nextState(from, 'failed');
    case 'replace':
      return nextState(from, 'replaced');
    case 'scrap':
      // Nothing was written: the index is as good as new.
      return nextState(from, 'scrapped') ?? nextState(from, 'released');
  }
}
