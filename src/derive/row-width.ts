import { utf8 } from '../kernel/bytes.ts';
import type { Scheme } from '../model/lot.ts';
import type { Range } from '../model/range.ts';
import { rangeEnd } from '../model/range.ts';
import type { ByteValue, RowPart } from '../model/row-template.ts';

/** How long rows are when only the index's digits change their length. */
export interface RowWidth {
  /** Bytes of a row without its indexes. */
  readonly fixedBytes: number;
  /** How often the index stands in a row. */
  readonly indexes: number;
}

/** The width of such rows, or undefined where a value's length differs from unit to unit. */
export function rowWidth(parts: readonly RowPart[], scheme: Scheme): RowWidth | undefined {
  let fixedBytes = 0;
  for (const part of parts) {
    const bytes = part.kind === 'index' ? 0 : partBytes(part, scheme);
    if (bytes === undefined) return undefined;
    fixedBytes += bytes;
  }
  return { fixedBytes, indexes: parts.filter((part) => part.kind === 'index').length };
}

/** Bytes that the rows of a range take. */
export function rowsBytes(width: RowWidth, range: Range): number {
  const digits = digitsBelow(rangeEnd(range)) - digitsBelow(range.from);
  return width.fixedBytes * range.count + width.indexes * digits;
}

/** Decimal digits of all of 0 … end − 1 put together. */
function digitsBelow(end: number): number {
  let digits = end;
  for (let power = 10; power < end; power *= 10) digits += end - power;
  return digits;
}

function partBytes(part: Exclude<RowPart, { kind: 'index' }>, scheme: Scheme): number | undefined {
  switch (part.kind) {
    case 'literal':
      return utf8(part.text).length;
    case 'number':
      return part.width;
    case 'luhn':
      return 1;
    case 'bytes': {
      const bytes = valueBytes(part.value, scheme);
      return bytes === undefined ? undefined : ENCODED[part.encoding](bytes);
    }
    case 'pem': {
      const bytes = valueBytes(part.value, scheme);
      if (bytes === undefined) return undefined;
      const base64 = ENCODED.base64(bytes);
      const lines = Math.ceil(base64 / 64) + 2;
      const marks = `-----BEGIN ${part.label}----------END ${part.label}-----`;
      return base64 + marks.length + lines * part.lineBreak.length;
    }
  }
}

const ENCODED = {
  crockford: (bytes: number) => Math.ceil((bytes * 8) / 5),
  hex: (bytes: number) => bytes * 2,
  base64: (bytes: number) => Math.ceil(bytes / 3) * 4,
  base64url: (bytes: number) => Math.ceil((bytes * 8) / 6),
} as const;

function valueBytes(value: ByteValue, scheme: Scheme): number | undefined {
  const isEd25519 = scheme === 'ed25519';
  const sizes: Record<ByteValue, number | undefined> = {
    endpoint_key: 16,
    secret: 32,
    claim_code: 10,
    claim_digest: 32,
    public_key: isEd25519 ? 32 : 65,
    public_key_spki: isEd25519 ? 44 : 91,
    private_key_pkcs8: isEd25519 ? 48 : 138,
    // Two DER integers in its signature are as long as they need to be.
    certificate: undefined,
    certificate_digest: 32,
  };
  return sizes[value];
}
