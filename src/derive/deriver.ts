import { setImmediate as nextTurn } from 'node:timers/promises';
import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import { lotEnd } from '../model/lot.ts';
import type { Lot } from '../model/lot.ts';
import { formatRange, rangeEnd } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import type { UnitBatch, UnitNeeds } from '../model/unit.ts';
import type { DeriveSource } from './derive-source.ts';
import type { OpenPrimitives } from './primitives.ts';
import { unitBatches } from './unit-batches.ts';

export type { DeriveSource } from './derive-source.ts';

/** What a derivation can be told beside its range. */
export interface DeriveOptions {
  readonly signal?: AbortSignal;
  readonly needs?: UnitNeeds;
}

/** Makes units of any lot; every implementation gives the same bytes for the same range. */
export interface Deriver {
  readonly name: 'portable' | 'fast';
  /**
   * Batches of at most 1,024 units in index order. A batch is lent: it is wiped when the next one is
   * asked for, at `break` and at a throw. Throws `range-outside-lot`, `outside-grant`, and
   * `interrupted` within a batch of an abort.
   */
  derive(source: DeriveSource, range: Range, options?: DeriveOptions): AsyncIterable<UnitBatch>;
}

/** The deriver that computes with these primitives, opened anew for each derivation. */
export function createDeriver(name: Deriver['name'], open: OpenPrimitives): Deriver {
  return {
    name,
    async *derive(source, range, { signal, needs = {} } = {}) {
      requireInside(source.lot, range);
      using primitives = await open(source.lot.scheme);
      for (const batch of unitBatches(source, range, { primitives, needs })) {
        throwIfAborted(signal);
        yield batch;
        // A full turn of the event loop, or a signal would never be seen.
        await nextTurn();
      }
      throwIfAborted(signal);
    },
  };
}

/** Throws `range-outside-lot` unless every index of the range is one of the lot's, spare included. */
export function requireInside(lot: Lot, range: Range): void {
  const isWhole = Number.isSafeInteger(range.from) && Number.isSafeInteger(range.count);
  if (isWhole && range.from >= 0 && range.count > 0 && rangeEnd(range) <= lotEnd(lot)) return;
  throw new KeylineError('range-outside-lot', {
    message: `units ${formatRange(range)} are not all of lot ${lot.code}, which has 0-${lotEnd(lot) - 1}`,
    facts: { from: range.from, count: range.count, end: lotEnd(lot) },
  });
}
