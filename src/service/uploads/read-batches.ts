import { setImmediate } from 'node:timers/promises';
import type { ReadRow } from '../../manifest/part-reader.ts';

/** What is in memory and in a transaction at once, some hundred milliseconds in which nobody else writes. */
const BATCH_ROWS = 8_192;

/**
 * Gathers the steps of a part into batches of about 8,192 rows, none of them empty. Between two steps the
 * thread takes a turn, so that statements under way go on while the next batch is read.
 */
export async function* readBatches(steps: Iterable<ReadRow[]>): AsyncGenerator<ReadRow[], void> {
  let batch: ReadRow[] = [];
  for (const rows of steps) {
    batch.push(...rows);
    if (batch.length >= BATCH_ROWS) {
      yield batch;
      batch = [];
    }
    await setImmediate();
  }
  if (batch.length > 0) yield batch;
}

/** The next batch, or undefined after the last. */
export async function nextOf<T>(batches: AsyncIterator<T, void>): Promise<T | undefined> {
  const { value } = await batches.next();
  return value ?? undefined;
}
