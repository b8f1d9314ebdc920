import { KeylineError } from '../../kernel/errors.ts';

const SLOWEST = 50;
const FASTEST = 12_000_000;

/** Throws `invalid-port` unless it is a whole number from 50 to 12,000,000: the serial library takes −1 without a word. */
export function checkBitRate(bitsPerSecond: number): void {
  if (Number.isInteger(bitsPerSecond) && bitsPerSecond >= SLOWEST && bitsPerSecond <= FASTEST)
    return;
  throw new KeylineError('invalid-port', {
    message: `${bitsPerSecond} is not a baud rate`,
    hint: `A baud rate is a whole number from ${SLOWEST} to ${FASTEST}, such as 115200.`,
  });
}
