import { KeylineError } from '../kernel/errors.ts';
import { compileRow } from '../model/compile-row.ts';
import { createFastPrimitives } from './fast-primitives.ts';
import { Kernel } from './kernel/host.ts';
import { kernelState } from './kernel/module.ts';
import { createKernelRowMaker } from './kernel-row-maker.ts';
import { openPortablePrimitives } from './portable-primitives.ts';
import { createUnitRowMaker } from './row-maker.ts';
import type { RowMaker, RowOrder } from './row-maker.ts';

/** What rows are computed with. */
export type Engine = 'fast' | 'portable';

/** What `wanted` comes to on this machine. Throws `usage` where `fast` is wanted and cannot run. */
export function chooseEngine(wanted: Engine | 'auto'): Engine {
  if (wanted === 'portable') return 'portable';
  const state = kernelState();
  if (state === 'ready') return 'fast';
  if (wanted === 'auto') return 'portable';
  throw new KeylineError('usage', {
    message: `the WebAssembly kernel cannot run here (${state})`,
    hint: 'Leave the choice of engine out; the portable one then takes over.',
  });
}

/** The engine's name for people. */
export function engineName(engine: Engine): string {
  return engine === 'fast' ? 'WebAssembly SIMD' : 'portable';
}

/** Opens a maker of these rows in this thread. `module` saves compiling the kernel once more. */
export async function openRowMaker(
  order: RowOrder,
  { engine, module }: { readonly engine: Engine; readonly module?: WebAssembly.Module | undefined },
): Promise<RowMaker> {
  const { lot, plan } = order;
  const kernel = engine === 'fast' ? Kernel.load(module) : undefined;
  if (!kernel) return createUnitRowMaker(order, await openPortablePrimitives(lot.scheme));
  const program = lot.scheme === 'psk' ? kernel.compileRows(compileRow(lot, plan)) : undefined;
  if (program) return createKernelRowMaker(lot, kernel, program);
  return createUnitRowMaker(order, createFastPrimitives(kernel, lot.scheme));
}
