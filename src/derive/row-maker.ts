import { compileRow } from '../model/compile-row.ts';
import type { Lot } from '../model/lot.ts';
import type { LotSecrets } from '../model/lot-secrets.ts';
import type { Range } from '../model/range.ts';
import { createRowRenderer } from '../model/render-row.ts';
import type { RowPlan } from '../model/row-template.ts';
import type { Primitives } from './primitives.ts';
import { needsOf } from './row-needs.ts';
import { unitBatches } from './unit-batches.ts';

/** Rows of consecutive units as they stand in a manifest, lent until the next are asked for. */
export interface LentRows {
  readonly from: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** What a manifest's rows are made of. */
export interface RowOrder {
  readonly lot: Lot;
  readonly plan: RowPlan;
}

/** Makes rows in this thread, synchronously. */
export interface RowMaker extends Disposable {
  /** The range's rows in order, in pieces of at most 4,096 that are wiped after their turn. */
  rows(secrets: LotSecrets, range: Range): Generator<LentRows>;
}

/** Rows by way of units and JavaScript strings: every scheme and every column. */
export function createUnitRowMaker({ lot, plan }: RowOrder, primitives: Primitives): RowMaker {
  const parts = compileRow(lot, plan);
  const render = createRowRenderer(parts, lot);
  const needs = needsOf(parts);
  return {
    *rows(secrets, range) {
      for (const batch of unitBatches({ lot, secrets }, range, { primitives, needs })) {
        let text = '';
        for (let position = 0; position < batch.count; position++) {
          text += render(batch.unit(position));
        }
        const bytes = Buffer.from(text);
        try {
          yield { from: batch.from, count: batch.count, bytes };
        } finally {
          bytes.fill(0);
        }
      }
    },
    [Symbol.dispose]() {
      primitives[Symbol.dispose]();
    },
  };
}
