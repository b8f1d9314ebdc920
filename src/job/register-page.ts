import { KeylineError } from '../kernel/errors.ts';
import { pause } from '../registry/http-client.ts';
import type { DeviceRow } from '../model/device-row.ts';
import type { RegistryDevices, RowResult } from '../registry/registry-devices.ts';
import type { RegisterEffects } from './register-manifest.ts';

/** Rows of one call. */
export interface RowPage {
  readonly lotId: string;
  readonly provisioning: 'planned' | 'verified';
  readonly rows: readonly DeviceRow[];
}

const MOST_TRIES = 6;
const PAUSE_MS = 500;

/**
 * What became of each row of a page. Where nothing may be sent twice, the registry is asked first which
 * rows it has, and again after each call that got no answer, and only the rest is sent: a row that came
 * with such a call is `created`. Throws `registry-unavailable`, `interrupted`.
 */
export async function registerPage(
  devices: RegistryDevices,
  { lotId, provisioning, rows }: RowPage,
  { signal, pauseMs = PAUSE_MS }: Pick<RegisterEffects, 'signal' | 'pauseMs'>,
): Promise<RowResult[]> {
  if (devices.isRepeatable) return await devices.register(lotId, provisioning, rows);
  const results = new Map<DeviceRow, RowResult>();
  let isSent = false;
  for (let tries = 1; ; tries++) {
    const missing = rows.filter((row) => !results.has(row));
    try {
      const keys = missing.map(({ endpointKey }) => endpointKey);
      const found = await devices.find(lotId, keys);
      const serials = new Map(found.map(({ endpointKey, serial }) => [endpointKey, serial]));
      for (const row of missing) {
        const serial = serials.get(row.endpointKey);
        if (serial === undefined) continue;
        const same = isSent ? 'created' : 'unchanged';
        results.set(row, { outcome: serial === row.serial ? same : 'conflict' });
      }
      const rest = missing.filter((row) => !results.has(row));
      if (rest.length > 0) {
        isSent = true;
        const became = await devices.register(lotId, provisioning, rest);
        for (const [at, row] of rest.entries()) {
          results.set(row, became[at] ?? { outcome: 'conflict' });
        }
      }
      return rows.map((row) => results.get(row) ?? { outcome: 'conflict' });
    } catch (error) {
      const isLost = error instanceof KeylineError && error.code === 'registry-unavailable';
      if (!isLost || tries === MOST_TRIES) throw error;
    }
    await pause(pauseMs * 2 ** (tries - 1), signal);
  }
}
