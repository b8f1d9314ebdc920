import { createHmac } from 'node:crypto';
import { concat } from '../../kernel/bytes.ts';

/** Candidates for the nonce of one deterministic signature, one after another. */
export interface NonceCandidates extends Disposable {
  /** 32 bytes, lent until the next call or disposal. */
  next(): Uint8Array;
}

/**
 * RFC 6979 section 3.2 with HMAC-SHA256 for a 256-bit order: `scalar` is int2octets(x), `digest` is
 * bits2octets(h1), 32 bytes each. Whoever draws takes the first candidate in 1 … q − 1; with P-256
 * one in 2^32 first candidates is too great.
 */
export function nonceCandidates(scalar: Uint8Array, digest: Uint8Array): NonceCandidates {
  let key: Uint8Array = new Uint8Array(32);
  let value: Uint8Array = new Uint8Array(32).fill(1);
  const update = (separator: number, ...seed: readonly Uint8Array[]): void => {
    const message = concat(value, Uint8Array.of(separator), ...seed);
    key = replace(key, hmac(key, message));
    message.fill(0);
    value = replace(value, hmac(key, value));
  };
  update(0, scalar, digest);
  update(1, scalar, digest);
  let drawn = false;
  return {
    next() {
      if (drawn) update(0);
      drawn = true;
      value = replace(value, hmac(key, value));
      return value;
    },
    [Symbol.dispose]() {
      key.fill(0);
      value.fill(0);
    },
  };
}

function hmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(message).digest();
}

function replace(old: Uint8Array, fresh: Uint8Array): Uint8Array {
  old.fill(0);
  return fresh;
}
