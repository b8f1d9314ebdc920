import { mergeSorted } from '../kernel/merge-sorted.ts';
import type { LotId } from '../model/ids.ts';
import type { UnitRecord } from '../model/unit-record.ts';
import { isVerified, UNIT_STATES } from '../model/unit-state.ts';
import type { GatheredLedger } from './gather-ledgers.ts';

const VERIFIED = UNIT_STATES.filter(isVerified);

/** The units of a lot that were verified on their devices, by index, from ledgers that have no conflict. */
export async function* verifiedUnits(
  ledgers: readonly GatheredLedger[],
  lotId: LotId,
): AsyncGenerator<UnitRecord, void> {
  const sources = ledgers.map(({ reader }) => reader.units(lotId, VERIFIED));
  for await (const [first] of mergeSorted(sources, (a, b) => a.index - b.index)) {
    if (first) yield first.item;
  }
}
