import { createHmac } from 'node:crypto';
import { concat, utf8 } from './bytes.ts';
import { Secret } from './secret.ts';

/** `label || 00 || context`: the info of every derivation, so that no label is a prefix of another. */
export function labelled(label: string, context: Uint8Array = new Uint8Array()): Uint8Array {
  return concat(utf8(label), Uint8Array.of(0), context);
}

/** HKDF-Expand with SHA-256, RFC 5869 section 2.3, of at most 255 × 32 bytes. */
export function expand(key: Secret, info: Uint8Array, sizeBytes: number): Secret {
  return key.use((keyBytes) => expandWith((message) => hmac(keyBytes, message), info, sizeBytes));
}

/** The same over any HMAC-SHA256, such as one that a hardware token computes in sequence. */
export function expandWith(
  mac: (message: Uint8Array) => Uint8Array,
  info: Uint8Array,
  sizeBytes: number,
): Secret {
  const okm = new Uint8Array(sizeBytes);
  let previous: Uint8Array = new Uint8Array();
  for (let done = 0, counter = 1; done < sizeBytes; done += 32, counter++) {
    const message = concat(previous, info, Uint8Array.of(counter));
    previous.fill(0);
    previous = mac(message);
    message.fill(0);
    okm.set(previous.subarray(0, Math.min(32, sizeBytes - done)), done);
  }
  previous.fill(0);
  return Secret.take(okm);
}

function hmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(message).digest();
}
