import { createHash, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { fromBase64Url, toBase64Url, toHex } from '../../kernel/bytes.ts';
import { isMac } from '../keys/master-key.ts';
import type { MasterKey } from '../keys/master-key.ts';
import type { Change } from '../store/store.ts';

/** Long enough for a modem that wakes up, short enough that few spent ones are remembered. */
export const NONCE_SECONDS = 120;

const RANDOM_BYTES = 16;
const TIME_BYTES = 6;
const MAC_BYTES = 16;

/** Where and when a nonce is asked for or used. */
export interface NonceContext {
  readonly at: Date;
  /** The IP address of who asks. */
  readonly address: string;
}

/**
 * A nonce that needs no memory: base64url of 6 bytes of milliseconds, 16 random ones and the first 16 of
 * a MAC over both and the address class.
 */
export function makeNonce(masterKey: MasterKey, { at, address }: NonceContext): string {
  const head = Buffer.alloc(TIME_BYTES + RANDOM_BYTES);
  head.writeUIntBE(at.getTime(), 0, TIME_BYTES);
  randomBytes(RANDOM_BYTES).copy(head, TIME_BYTES);
  const mac = masterKey.mac('nonce', toHex(head), addressClass(address)).subarray(0, MAC_BYTES);
  return toBase64Url(Buffer.concat([head, mac]));
}

/** Whether the nonce was made by this registry for this address class in the last two minutes. */
export function isFreshNonce(
  masterKey: MasterKey,
  nonce: string,
  { at, address }: NonceContext,
): boolean {
  const bytes = fromBase64Url(nonce);
  if (bytes?.length !== TIME_BYTES + RANDOM_BYTES + MAC_BYTES) return false;
  const head = bytes.subarray(0, TIME_BYTES + RANDOM_BYTES);
  const mac = bytes.subarray(TIME_BYTES + RANDOM_BYTES);
  if (!isMac(masterKey, 'nonce', mac, [toHex(head), addressClass(address)])) return false;
  const ageMs = at.getTime() - Buffer.from(head).readUIntBE(0, TIME_BYTES);
  // Another process's clock may be a little ahead.
  return ageMs > -NONCE_SECONDS * 1_000 && ageMs < NONCE_SECONDS * 1_000;
}

/** Uses a fresh nonce up; false where it was used before. */
export async function spendNonce(change: Change, nonce: string): Promise<boolean> {
  // Twice its life: it may have been made by a clock ahead of this one.
  const expiresAt = new Date(Date.parse(change.at) + 2 * NONCE_SECONDS * 1_000).toISOString();
  const digest = createHash('sha256').update(`device-nonce ${nonce}`).digest('hex');
  const spent = await change.db
    .insertInto('onceOnly')
    .values({ digest, purpose: 'device-nonce', accountId: null, principalId: null, expiresAt })
    .onConflict((conflict) => conflict.column('digest').doNothing())
    .executeTakeFirst();
  return spent.numInsertedOrUpdatedRows === 1n;
}

/** The first 24 bits of an IPv4 address, 56 of an IPv6 one: a device may come back from a neighbour's. */
export function addressClass(address: string): string {
  const mapped = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(mapped)) return mapped.split('.').slice(0, 3).join('.');
  const [head = '', tail] = mapped.toLowerCase().split('%')[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right];
  const bits = groups.slice(0, 4).map((group) => group.padStart(4, '0'));
  return bits.join('').slice(0, 14);
}
