import type { Lot } from '../model/lot.ts';
import { blockOf, rangeEnd } from '../model/range.ts';
import type { Kernel, RowProgram } from './kernel/host.ts';
import type { RowMaker } from './row-maker.ts';

/**
 * Rows laid out by the kernel in its own memory, from which they are lent: no JavaScript value is
 * made for any unit. The kernel becomes the maker's; its memory is wiped with it.
 */
export function createKernelRowMaker(lot: Lot, kernel: Kernel, program: RowProgram): RowMaker {
  return {
    *rows(secrets, range) {
      kernel.setProvisioningKey(lot.provisioningKey);
      let block = -1;
      for (let from = range.from; from < rangeEnd(range);) {
        if (blockOf(from) !== block) {
          block = blockOf(from);
          using secret = secrets.blockSecret(block);
          kernel.setBlock(secret);
        }
        const count = kernel.span(program, { from, count: rangeEnd(range) - from });
        yield { from, count, bytes: kernel.renderRows(program, { from, count }) };
        from += count;
      }
    },
    [Symbol.dispose]() {
      kernel[Symbol.dispose]();
    },
  };
}
