import { createHash } from 'node:crypto';
import { toBase64, toBase64Url, toCrockford, toHex } from '../kernel/bytes.ts';
import { claimDigest } from './hierarchy.ts';
import { ed25519Pkcs8, p256Pkcs8 } from './key-encoding.ts';
import type { Lot } from './lot.ts';
import { luhnDigit } from './luhn.ts';
import type { ByteValue, RowPart } from './row-template.ts';
import type { Unit } from './unit.ts';

type Render = (unit: Unit) => string;

/**
 * Renders a unit's row from compiled parts. The unit must hold every value that the parts name
 * (see `needsOf`); a missing one throws.
 */
export function createRowRenderer(parts: readonly RowPart[], lot: Lot): Render {
  const renders = parts.map((part) => partRenderer(part, lot));
  return (unit) => {
    let row = '';
    for (const render of renders) row += render(unit);
    return row;
  };
}

function partRenderer(part: RowPart, lot: Lot): Render {
  switch (part.kind) {
    case 'literal':
      return () => part.text;
    case 'index':
      return (unit) => String(unit.index);
    case 'number': {
      const { base, width, first } = part;
      if (base === 10) return (unit) => String(first + unit.index).padStart(width, '0');
      return (unit) => (first + unit.index).toString(16).toUpperCase().padStart(width, '0');
    }
    case 'luhn': {
      const { digitsBefore, width, first } = part;
      return ({ index }) =>
        String(luhnDigit(digitsBefore + String(first + index).padStart(width, '0')));
    }
    case 'bytes': {
      const read = valueReader(part.value, lot);
      const encode = ENCODERS[part.encoding];
      return (unit) => encode(read(unit));
    }
    case 'pem': {
      const read = valueReader(part.value, lot);
      return (unit) => pemText(read(unit), part.label, part.lineBreak);
    }
  }
}

const ENCODERS = {
  crockford: toCrockford,
  hex: toHex,
  base64: toBase64,
  base64url: toBase64Url,
} as const;

function valueReader(value: ByteValue, lot: Lot): (unit: Unit) => Uint8Array {
  switch (value) {
    case 'endpoint_key':
      return (unit) => unit.endpointKey;
    case 'secret':
      return (unit) => unit.secret;
    case 'claim_code':
      return (unit) => present(unit.claimCode, value);
    case 'claim_digest':
      return (unit) => claimDigest(present(unit.claimCode, value));
    case 'public_key_spki':
      return (unit) => present(unit.publicKey, value);
    case 'public_key':
      return (unit) => rawPublicKey(present(unit.publicKey, value));
    case 'private_key_pkcs8':
      if (lot.scheme === 'ed25519') return (unit) => ed25519Pkcs8(unit.secret);
      return (unit) => p256Pkcs8(unit.secret, rawPublicKey(present(unit.publicKey, value)));
    case 'certificate':
      return (unit) => present(unit.certificate, value);
    case 'certificate_digest':
      return (unit) => createHash('sha256').update(present(unit.certificate, value)).digest();
  }
}

function present(bytes: Uint8Array | undefined, value: ByteValue): Uint8Array {
  if (bytes === undefined) throw new Error(`a unit came without its ${value}`);
  return bytes;
}

/** Without the algorithm before it: 12 bytes in an Ed25519 SPKI (RFC 8410), 26 in a P-256 one (RFC 5480). */
function rawPublicKey(spki: Uint8Array): Uint8Array {
  return spki.subarray(spki.length === 44 ? 12 : 26);
}

/** RFC 7468 section 2, with a line break at the end too, as OpenSSL writes it. */
function pemText(der: Uint8Array, label: string, lineBreak: string): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join(lineBreak);
}
