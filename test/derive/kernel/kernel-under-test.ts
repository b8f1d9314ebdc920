import { compileKernel, kernelState } from '../../../src/derive/kernel/module.ts';
import { Kernel } from '../../../src/derive/kernel/host.ts';
import { Secret } from '../../../src/kernel/secret.ts';
import { deriveBlockSecret } from '../../../src/model/hierarchy.ts';
import { blockOf } from '../../../src/model/range.ts';
import type { Range } from '../../../src/model/range.ts';
import type { RowPart } from '../../../src/model/row-template.ts';
import type { VectorLot } from '../lots.ts';
import { VECTORS } from '../lots.ts';

/** A kernel with the vectors' provisioning key. */
export function openKernel(): Kernel {
  const module = compileKernel();
  if (!module) throw new Error(`the kernel is ${kernelState()}; npm run build:kernel builds it`);
  const kernel = Kernel.load(module);
  if (!kernel) throw new Error('a module gave no kernel');
  kernel.setProvisioningKey(VECTORS.provisioningKey);
  return kernel;
}

/** The lot secret of a vector lot. */
export function lotSecretOf(lot: VectorLot): Buffer {
  return Buffer.from(lot.lotSecretHex, 'hex');
}

/** Sets the block that holds `index`. */
export function setBlockOf(kernel: Kernel, lotSecret: Uint8Array, index: number): void {
  using secret = Secret.copyOf(lotSecret);
  using block = deriveBlockSecret(secret, blockOf(index));
  kernel.setBlock(block);
}

/** All rows of a range, span by span and block by block. */
export function rowsOf(
  kernel: Kernel,
  parts: readonly RowPart[],
  { from, count }: Range,
  lotSecret: Uint8Array,
): string {
  const program = kernel.compileRows(parts);
  if (!program) throw new Error('the kernel does not make these rows');
  let text = '';
  for (let at = from; at < from + count;) {
    setBlockOf(kernel, lotSecret, at);
    const span = kernel.span(program, { from: at, count: from + count - at });
    text += Buffer.from(kernel.renderRows(program, { from: at, count: span })).toString();
    at += span;
  }
  return text;
}
