import type { LedgerEntry } from '../../src/ledger/chain.ts';
import type { Ledger, RecordedEvent, ReserveRequest } from '../../src/ledger/ledger.ts';
import { isLive } from '../../src/model/unit-state.ts';
import { withMethods } from './with-methods.ts';

interface Pending {
  readonly request: ReserveRequest;
  readonly index: number;
  readonly events: RecordedEvent[];
  isReserved: boolean;
}

/** Reservations and `writing` are kept in memory until more is known of the unit: a write goes out before. */
export function writeBeforeReserve(ledger: Ledger): Ledger {
  const pending = new Map<string, Pending>();
  const flush = async ({ index, request, events }: Pending): Promise<void> => {
    // In order, as it would have been.
    for (const one of [...pending.values()].sort((a, b) => a.index - b.index)) {
      if (one.index > index || one.isReserved) continue;
      one.isReserved = true;
      await ledger.reserve({ ...one.request, ranges: [{ from: one.index, count: 1 }] });
    }
    pending.delete(request.hardwareId);
    for (const event of events) await ledger.record(event);
  };
  return withMethods(ledger, {
    reserve: async (request) => {
      const { hardwareId, lotId } = request;
      const held = ledger.byHardwareId(hardwareId).some(({ state }) => isLive(state));
      if (held) return await ledger.reserve(request);
      const index = firstFree(ledger, request, [...pending.values()]);
      pending.set(hardwareId, { request, index, events: [], isReserved: false });
      return { lotId, index, hardwareId, state: 'reserved', attempt: 1, isNew: true };
    },
    record: async (event) => {
      const mine = pending.get(event.hardwareId ?? '');
      if (mine && event.type === 'writing') {
        mine.events.push(event);
        return { hash: '' } as unknown as LedgerEntry;
      }
      if (mine) await flush(mine);
      return await ledger.record(event);
    },
  });
}

function firstFree(ledger: Ledger, { lotId }: ReserveRequest, taken: readonly Pending[]): number {
  const indexes = taken.map(({ index }) => index);
  for (const { from, count } of ledger.neverUsed(lotId)) {
    for (let index = from; index < from + count; index++) {
      if (!indexes.includes(index)) return index;
    }
  }
  throw new Error('the lot is used up');
}
