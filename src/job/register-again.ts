import type { RegistryDevices } from '../registry/registry-devices.ts';
import type { Registered, RegisterEffects, SealedRun } from './register-manifest.ts';
import { registerRows } from './register-rows.ts';

/**
 * Registers a manifest whose upload an earlier call has brought to its end: what was made then is
 * `unchanged`, and the rows that failed are tried once more, for what stood in their way may be gone.
 */
export async function registerAgain(
  devices: RegistryDevices,
  { uploadId, ...run }: SealedRun & { readonly uploadId: string },
  effects: RegisterEffects,
): Promise<Registered> {
  const { seal, lot } = run.sealed;
  const base = { lotId: lot.lotId, rows: seal.count, uploadId, resumedParts: seal.chunks.length };
  // To say of every row what became of it, every row is looked at.
  if (effects.outcomes?.which === 'all') {
    return { ...(await registerRows(devices, run, effects)), ...base };
  }
  const failed = new Set<number>();
  for await (const { row } of run.uploads.outcomes(uploadId, 'failed')) failed.add(row);
  const settled = seal.count - failed.size;
  if (failed.size === 0) {
    return { ...base, created: 0, unchanged: settled, conflict: 0, invalid: 0 };
  }
  const again = await registerRows(devices, run, { ...effects, only: failed });
  return { ...again, ...base, unchanged: settled + again.unchanged };
}
