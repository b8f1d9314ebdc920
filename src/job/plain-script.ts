import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import { concat, toBase64Url, toCrockford, u64 } from '../kernel/bytes.ts';
import { labelled } from '../kernel/hkdf.ts';
import { throwIfAborted } from '../kernel/errors.ts';

const UNITS_A_LOOK = 1024;

/**
 * What an engineer would write in an afternoon, as a yardstick: for each unit an HMAC and a
 * hash by node:crypto, and a row by csv-stringify into /dev/null. Returns units and seconds; its
 * keys are random and thrown away.
 */
export async function runPlainScript(limit: {
  readonly seconds: number;
  readonly count: number;
  readonly signal?: AbortSignal;
}): Promise<{ units: number; seconds: number }> {
  const blockSecret = randomBytes(32);
  const prefix = randomBytes(64);
  const rows = stringify();
  const sink = createWriteStream(process.platform === 'win32' ? '\\\\.\\NUL' : '/dev/null');
  rows.pipe(sink);
  const startMs = performance.now();
  let units = 0;
  let isTime = false;
  while (!isTime && units < limit.count) {
    const index = units++;
    const info = concat(labelled('keyline/v1 endpoint-secret', u64(index)), Uint8Array.of(1));
    const secret = createHmac('sha256', blockSecret).update(info).digest();
    const endpointKey = createHash('sha256').update(prefix).update(secret).digest();
    const isRoom = rows.write([
      index,
      `ACME-A1-${String(index).padStart(8, '0')}`,
      `ek_${toCrockford(endpointKey.subarray(0, 16))}`,
      `es_${toBase64Url(secret)}`,
    ]);
    if (!isRoom) await new Promise((resolve) => rows.once('drain', resolve));
    if (units % UNITS_A_LOOK === 0) {
      throwIfAborted(limit.signal);
      isTime = performance.now() - startMs > limit.seconds * 1000;
    }
  }
  rows.end();
  await finished(sink);
  blockSecret.fill(0);
  return { units, seconds: (performance.now() - startMs) / 1000 };
}
