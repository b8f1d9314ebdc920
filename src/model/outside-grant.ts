import { KeylineError } from '../kernel/errors.ts';
import { BLOCK_UNITS, formatRange } from './range.ts';
import type { Range } from './range.ts';

/** Throws `outside-grant`: the block is in none of the granted ranges. */
export function throwOutsideGrant(block: number, ranges: readonly Range[]): never {
  throw new KeylineError('outside-grant', {
    message: `units ${formatRange({ from: block * BLOCK_UNITS, count: BLOCK_UNITS })} are not granted to this station`,
    facts: { granted: ranges.map((range) => formatRange(range)) },
  });
}
