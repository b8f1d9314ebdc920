import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** (module (func (drop (i32x4.splat (i32.const 0))))) in binary: valid exactly where there is SIMD. */
const SIMD_PROBE = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
  ...[10, 9, 1, 7, 0, 0x41, 0, 0xfd, 17, 0x1a, 0x0b],
);

/** Whether the kernel can run here: `ready`, or why not. */
export type KernelState = 'ready' | 'no-simd' | 'not-built';

/** Looks without compiling anything. */
export function kernelState(): KernelState {
  if (!WebAssembly.validate(SIMD_PROBE)) return 'no-simd';
  return kernelPath() === undefined ? 'not-built' : 'ready';
}

/**
 * The path of kernel.wasm, or undefined before the first build. It lies in dist/ of the package,
 * above this file whether that runs from source or as a chunk of the bundle.
 */
export function kernelPath(): string | undefined {
  let folder = import.meta.dirname;
  for (;;) {
    const path = join(folder, 'dist', 'kernel.wasm');
    if (existsSync(path)) return path;
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
}

/**
 * The compiled module, or undefined where `kernelState()` is not `ready`. Post it to workers: they
 * then share its machine code.
 */
export function compileKernel(): WebAssembly.Module | undefined {
  const path = kernelPath();
  if (path === undefined || kernelState() !== 'ready') return undefined;
  return new WebAssembly.Module(readFileSync(path));
}
