import { compileRow } from '../model/compile-row.ts';
import type { Scheme } from '../model/lot.ts';
import type { Range } from '../model/range.ts';
import { rangeEnd } from '../model/range.ts';
import type { RowOrder } from './row-maker.ts';
import { rowsBytes, rowWidth } from './row-width.ts';

/** Rows of a job: 2 to 25 ms of work for one worker. */
const JOB_ROWS: Record<Scheme, number> = {
  psk: 8192,
  'azure-dps': 4096,
  ed25519: 256,
  p256: 512,
  'x509-p256': 256,
};

/** What the rows of a job take at most, where it can be said beforehand. */
const JOB_BYTES = 2 ** 20;

/**
 * The range in jobs of rows in order. Their ends are multiples of a power of two, so that most jobs
 * are whole blocks and no block's secret is posted more often than it must.
 */
export function* jobRanges(order: RowOrder, range: Range): Generator<Range> {
  const most = jobRows(order, range);
  for (let from = range.from; from < rangeEnd(range);) {
    const end = Math.min(rangeEnd(range), (Math.floor(from / most) + 1) * most);
    yield { from, count: end - from };
    from = end;
  }
}

function jobRows({ lot, plan }: RowOrder, range: Range): number {
  const width = rowWidth(compileRow(lot, plan), lot.scheme);
  let rows = JOB_ROWS[lot.scheme];
  const last = { from: rangeEnd(range) - 1, count: 1 };
  while (width && rows > 256 && rows * rowsBytes(width, last) > JOB_BYTES) rows /= 2;
  return rows;
}
