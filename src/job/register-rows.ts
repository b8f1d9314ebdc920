import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import { PartReader } from '../manifest/part-reader.ts';
import type { DeviceRow } from '../model/device-row.ts';
import type { RegistryDevices, RowResult } from '../registry/registry-devices.ts';
import type { VerifiedSeal } from '../seals/manifest-seal.ts';
import { ROWS_PER_CHUNK } from '../seals/manifest-seal.ts';
import type { Registered, RegisterEffects, SealedSource } from './register-manifest.ts';
import { registerPage } from './register-page.ts';
import { sealedChunks } from './sealed-chunks.ts';

interface Numbered {
  /** From 1. */
  readonly number: number;
  readonly row: DeviceRow;
}

/**
 * Registers the rows of a sealed manifest page by page, or those that `only` names. Throws what
 * `sealedChunks` and `registerPage` throw, `usage` for a row that the manifest does not have.
 */
export async function registerRows(
  devices: RegistryDevices,
  { source, sealed }: { readonly source: SealedSource; readonly sealed: VerifiedSeal },
  effects: RegisterEffects,
): Promise<Registered> {
  const { seal, lot } = sealed;
  const { only, signal, onSent, outcomes } = effects;
  const total = only?.size ?? seal.count;
  const counts = { created: 0, unchanged: 0, conflict: 0, invalid: 0 };
  let done = 0;
  const note = async (number: number, { outcome, reason }: RowResult): Promise<void> => {
    counts[outcome]++;
    done++;
    const isFailed = outcome === 'conflict' || outcome === 'invalid';
    if (!isFailed && outcomes?.which !== 'all') return;
    await outcomes?.take({ row: number, outcome, ...(reason !== undefined && { reason }) });
  };
  const provisioning = seal.kind === 'planned' ? 'planned' : 'verified';
  const send = async (page: readonly Numbered[]): Promise<void> => {
    const rows = page.map(({ row }) => row);
    const results = await registerPage(devices, { lotId: lot.lotId, provisioning, rows }, effects);
    for (const [at, { number }] of page.entries()) {
      await note(number, results[at] ?? { outcome: 'conflict' });
    }
    onSent?.(done, total);
  };
  const reader = new PartReader(seal, lot);
  for await (const { n, chunk } of sealedChunks(source.bytes(), seal)) {
    let page: Numbered[] = [];
    for (const [at, row] of reader.read(n, chunk).entries()) {
      const number = n * ROWS_PER_CHUNK + at + 1;
      if (only && !only.has(number)) continue;
      throwIfAborted(signal);
      if (typeof row === 'string') await note(number, { outcome: 'invalid', reason: row });
      else page.push({ number, row });
      if (page.length < devices.rowsAtOnce) continue;
      await send(page);
      page = [];
    }
    if (page.length > 0) await send(page);
  }
  if (done === total) return { lotId: lot.lotId, rows: total, ...counts };
  throw new KeylineError('usage', {
    message: `the manifest has only ${seal.count} rows: some that were asked for are none of them`,
  });
}
