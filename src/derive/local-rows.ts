import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfAborted } from '../kernel/errors.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { requireInside } from './deriver.ts';
import type { RowMaker, RowOrder } from './row-maker.ts';
import type { RowSource } from './row-source.ts';
import { canPlace, placeChunks } from './seal-chunks.ts';

/** A row source in this thread; a row maker is opened for each run and wiped after it. */
export function createLocalRows(engine: string, open: (order: RowOrder) => RowMaker): RowSource {
  return {
    engine,
    canWriteAt: ({ lot }, plan) => canPlace({ lot, plan }),
    async *stream({ lot, secrets }, range, plan, { signal } = {}) {
      requireInside(lot, range);
      using maker = open({ lot, plan });
      for (const { from, count, bytes } of maker.rows(secrets, range)) {
        throwIfAborted(signal);
        yield { from, count, bytes, [Symbol.dispose]: () => void bytes.fill(0) };
        // A full turn of the event loop, or a signal would never be seen.
        await nextTurn();
      }
      throwIfAborted(signal);
    },
    async *writeAt({ lot, secrets }, range, plan, { fd, signal, onProgress }) {
      requireInside(lot, range);
      const order = { lot, plan };
      using maker = open(order);
      let done = 0;
      for (const chunk of placeChunks(order, range)) {
        const writer = new ChunkWriter(fd, chunk.position);
        writer.write(chunk.header, 0);
        for (const { bytes, count } of maker.rows(secrets, chunk.range)) {
          throwIfAborted(signal);
          writer.write(bytes, count);
          await nextTurn();
        }
        throwIfAborted(signal);
        const written = writer.finish();
        done += written.count;
        onProgress?.(done);
        yield written;
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
