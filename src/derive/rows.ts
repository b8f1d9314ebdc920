import { createLocalRows } from './local-rows.ts';
import { createPortablePrimitives } from './portable-primitives.ts';
import { createUnitRowMaker } from './row-maker.ts';
import type { RowSource } from './row-source.ts';

export type { WrittenChunk } from './chunk-writer.ts';
export type { RowChunk, RowSource } from './row-source.ts';

/** How rows are to be made. */
export interface RowSourceOptions {
  /** Worker threads; 0 is this thread. Left out: one for each core where that is worth starting them. */
  readonly workers?: number;
  readonly engine?: 'auto' | 'portable' | 'fast';
  /** How many rows are coming, in all. */
  readonly rows?: number;
}

/** Opens a source of rows. Its workers end with its disposal. */
export function openRowSource(_options: RowSourceOptions = {}): Promise<RowSource> {
  return Promise.resolve(
    createLocalRows('portable, 1 thread', (order) =>
      createUnitRowMaker(order, createPortablePrimitives()),
    ),
  );
}
