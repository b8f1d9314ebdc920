import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfAborted } from '../kernel/errors.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { requireInside } from './deriver.ts';
import { engineName, openRowMaker } from './row-engine.ts';
import type { Engine } from './row-engine.ts';
import type { RowSource } from './row-source.ts';
import { canPlace, placeChunks } from './seal-chunks.ts';

/** A row source in this thread; a row maker is opened for each run and wiped after it. */
export function createLocalRows(engine: Engine): RowSource {
  return {
    engine: `${engineName(engine)}, 1 thread`,
    canWriteAt: ({ lot }, plan) => canPlace({ lot, plan }),
    async *stream({ lot, secrets }, range, plan, { signal } = {}) {
      requireInside(lot, range);
      using maker = await openRowMaker({ lot, plan }, { engine });
      for (const { from, count, bytes } of maker.rows(secrets, range)) {
        throwIfAborted(signal);
        // The maker wipes: rows in the kernel's memory keep their literals for the next ones.
        yield { from, count, bytes, [Symbol.dispose]: () => undefined };
        // A full turn of the event loop, or a signal would never be seen.
        await nextTurn();
      }
      throwIfAborted(signal);
    },
    async *writeAt({ lot, secrets }, range, plan, { fd, signal, onProgress }) {
      requireInside(lot, range);
      const order = { lot, plan };
      using maker = await openRowMaker(order, { engine });
      let done = 0;
      for (const place of placeChunks(order, range)) {
        const writer = new ChunkWriter(fd, place.position);
        writer.write(place.header, 0);
        for (const { bytes, count } of maker.rows(secrets, place.range)) {
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
