import { createDeriver } from './deriver.ts';
import type { Deriver } from './deriver.ts';
import { createFastPrimitives } from './fast-primitives.ts';
import { Kernel } from './kernel/host.ts';
import { kernelState } from './kernel/module.ts';

/**
 * Derives with the WebAssembly kernel and node:crypto, or undefined where the kernel cannot run
 * (`kernelState()` says why).
 */
export function createFastDeriver(): Deriver | undefined {
  if (kernelState() !== 'ready') return undefined;
  return createDeriver('fast', (scheme) => {
    const kernel = Kernel.load();
    if (!kernel) return Promise.reject(new Error('the kernel went away'));
    return Promise.resolve(createFastPrimitives(kernel, scheme));
  });
}
