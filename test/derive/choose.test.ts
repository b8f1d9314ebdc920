import { availableParallelism } from 'node:os';
import { afterEach, expect, it, vi } from 'vitest';
import { chooseDeriver } from '../../src/derive/choose.ts';
import { createFastDeriver } from '../../src/derive/fast-deriver.ts';
import { openRowSource } from '../../src/derive/rows.ts';
import { parseColumns } from '../../src/model/columns.ts';
import { testLot, VECTORS, vectorSecrets } from './lots.ts';

const PLAN = { format: 'csv', columns: parseColumns(['serial']) } as const;

afterEach(() => {
  vi.restoreAllMocks();
});

/** A machine whose engine has no SIMD: nothing that uses it is valid there. */
function withoutSimd(): void {
  vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
}

async function engineAfter(options: Parameters<typeof openRowSource>[0]): Promise<string> {
  await using rows = await openRowSource(options);
  const source = { lot: testLot('psk'), secrets: vectorSecrets(VECTORS.lots[0]) };
  let count = 0;
  for await (const chunk of rows.stream(source, { from: 0, count: 3 }, PLAN)) count += chunk.count;
  expect(count).toBe(3);
  return rows.engine;
}

it('takes the fast deriver where there is SIMD', () => {
  expect(chooseDeriver().name).toBe('fast');
});

it('falls back to the portable deriver and rows where there is none', async () => {
  withoutSimd();
  expect(createFastDeriver()).toBeUndefined();
  expect(chooseDeriver().name).toBe('portable');
  expect(await engineAfter({})).toBe('portable, 1 thread');
});

it('refuses the fast engine where it is asked for and cannot run', async () => {
  withoutSimd();
  await expect(openRowSource({ engine: 'fast' })).rejects.toMatchObject({ code: 'usage' });
});

it('keeps few rows in this thread and gives many to workers on a machine with cores', async () => {
  expect(await engineAfter({ rows: 1000 })).toBe('WebAssembly SIMD, 1 thread');
  const cores = availableParallelism();
  const many = cores > 1 ? `WebAssembly SIMD, ${cores} workers` : 'WebAssembly SIMD, 1 thread';
  expect(await engineAfter({ rows: 10_000_000 })).toBe(many);
});

it('does what it is told about threads and engine', async () => {
  expect(await engineAfter({ workers: 0, engine: 'portable' })).toBe('portable, 1 thread');
  expect(await engineAfter({ workers: 1 })).toBe('WebAssembly SIMD, 1 worker');
});
