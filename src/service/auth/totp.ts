import { createHmac, randomBytes } from 'node:crypto';
import { equalBytes, utf8 } from '../../kernel/bytes.ts';

/** What authenticators understand without being told: SHA-1, 6 digits, 30 seconds. */
const STEP_MS = 30_000;
const DIGITS = 6;
/** RFC 4226 section 4, R6 recommends 160 bits. */
const SECRET_BYTES = 20;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A secret that an authenticator is to hold. */
export function newTotpSecret(): Uint8Array {
  return Uint8Array.from(randomBytes(SECRET_BYTES));
}

/** The time step that `ms` since 1970 is in (RFC 6238 section 4.2). */
export function stepAt(ms: number): number {
  return Math.floor(ms / STEP_MS);
}

/** The code of one step, RFC 6238 over RFC 4226 section 5.3. */
export function totpCode(secret: Uint8Array, step: number, digits = DIGITS): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0xf;
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

/**
 * The step whose code this is: the one of `ms`, the one before or the one after (RFC 6238 section 6),
 * and later than `usedStep`, because a code serves once. Undefined where there is none.
 */
export function matchStep(
  code: string,
  secret: Uint8Array,
  { ms, usedStep }: { readonly ms: number; readonly usedStep: number | null },
): number | undefined {
  const now = stepAt(ms);
  let found: number | undefined;
  for (const step of [now + 1, now - 1, now]) {
    const isCode = equalBytes(utf8(totpCode(secret, step)), utf8(code));
    if (isCode && step > (usedStep ?? -1)) found = step;
  }
  return found;
}

/** What an authenticator is told as a QR code: the key URI of Google Authenticator and all after it. */
export function totpUri(secret: Uint8Array, { issuer, login }: TotpLabel): string {
  const query = new URLSearchParams({ secret: toBase32(secret), issuer });
  return `otpauth://totp/${encodeURIComponent(issuer)}:${encodeURIComponent(login)}?${query.toString()}`;
}

interface TotpLabel {
  readonly issuer: string;
  readonly login: string;
}

/** Base32 of RFC 4648 section 6, of a whole number of 5 bytes. */
export function toBase32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits.replace(/.{5}/g, (five) => BASE32.charAt(Number.parseInt(five, 2)));
}
