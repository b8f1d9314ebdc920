import { randomBytes } from 'node:crypto';
import { toCrockford, u64 } from '../../kernel/bytes.ts';

/** What an id names: account, principal, upload, device, transfer, configuration template, operation. */
export type IdKind = 'ac' | 'pr' | 'up' | 'dv' | 'tr' | 'ct' | 'op';

/**
 * `<kind>_` and 26 characters: 6 bytes of milliseconds and 10 random ones, so that ids rise with time:
 * a page of the newest is a range of the key, and rows that come in together lie together.
 */
export function newId(kind: IdKind, at: string): string {
  return newIds(kind, at, 1)[0] ?? '';
}

/** So many new ones of the same moment, as `newId` makes one. */
export function newIds(kind: IdKind, at: string, count: number): string[] {
  const time = u64(Date.parse(at)).subarray(2);
  const random = randomBytes(10 * count);
  return Array.from({ length: count }, (_, n) => {
    const bytes = new Uint8Array(16);
    bytes.set(time, 0);
    bytes.set(random.subarray(10 * n, 10 * n + 10), 6);
    return `${kind}_${toCrockford(bytes)}`;
  });
}
