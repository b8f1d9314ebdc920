import { decode, encode } from 'cborg';
import { equalBytes } from '../kernel/bytes.ts';

/** A value of deterministic CBOR as custody uses it: small integers as keys, no floats, no tags. */
export type CborValue =
  number | string | null | Uint8Array | readonly CborValue[] | ReadonlyMap<number, CborValue>;

/** Deterministic CBOR (RFC 8949 section 4.2.1): shortest lengths, keys in the order of their bytes. */
export function encodeCbor(value: CborValue): Uint8Array {
  return Uint8Array.from(encode(value));
}

/**
 * The value of deterministic CBOR, maps as `Map`, or undefined for anything else: a second spelling,
 * bytes left over, a repeated key. One value has one spelling, so that a digest names a statement.
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  try {
    const value: unknown = decode(bytes, {
      useMaps: true,
      rejectDuplicateMapKeys: true,
      strict: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowBigInt: false,
    });
    return equalBytes(encode(value), bytes) ? value : undefined;
  } catch {
    // Whatever a stranger sends; what cannot be read is refused by who asked.
    return undefined;
  }
}

/** The map whose keys are exactly these, or undefined. */
export function closedMap(
  value: unknown,
  keys: readonly number[],
): ReadonlyMap<number, unknown> | undefined {
  if (!(value instanceof Map) || value.size !== keys.length) return undefined;
  return keys.every((key) => value.has(key)) ? (value as Map<number, unknown>) : undefined;
}

/** The byte string of exactly `sizeBytes`, or undefined. */
export function bytesOf(value: unknown, sizeBytes: number): Uint8Array | undefined {
  return value instanceof Uint8Array && value.length === sizeBytes ? value : undefined;
}

/** The whole number from `least` to 2^32 − 1, or undefined: what a small device counts with. */
export function counterOf(value: unknown, least = 0): number | undefined {
  const isCounter = Number.isInteger(value) && Number(value) >= least && Number(value) < 2 ** 32;
  return isCounter ? Number(value) : undefined;
}
