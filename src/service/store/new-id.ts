import { randomBytes } from 'node:crypto';
import { toCrockford, u64 } from '../../kernel/bytes.ts';

/** What an id names: account, principal, upload, device, transfer, configuration template, operation. */
export type IdKind = 'ac' | 'pr' | 'up' | 'dv' | 'tr' | 'ct' | 'op';

/**
 * `<kind>_` and 26 characters: 6 bytes of milliseconds and 10 random ones, so that ids rise with time:
 * a page of the newest is a range of the key, and rows that come in together lie together.
 */
export function newId(kind: IdKind, at: string): string {
  const bytes = new Uint8Array(randomBytes(16));
  bytes.set(u64(Date.parse(at)).subarray(2), 0);
  return `${kind}_${toCrockford(bytes)}`;
}

/** Whether a text can be such an id, before a database is asked. */
export function isIdOf(kind: IdKind, text: string): boolean {
  return new RegExp(`^${kind}_[0-9a-hjkmnp-tv-z]{26}$`).test(text);
}
