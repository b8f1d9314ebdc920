import { fromBase64, fromBase64Url, fromCrockford } from '../kernel/bytes.ts';
import { COLUMNS } from '../model/columns.ts';
import type { ColumnChoice, ColumnName, Format } from '../model/columns.ts';
import {
  ED25519_PKCS8_PREFIX,
  ED25519_SPKI_PREFIX,
  ed25519Spki,
  P256_PKCS8_PREFIX,
  P256_SPKI_PREFIX,
  p256Spki,
} from '../model/key-encoding.ts';

/** Lengths in bytes of a value that is written raw; undefined where any length may be. */
const RAW_BYTES: Readonly<Partial<Record<ColumnName, readonly number[]>>> = {
  endpoint_key: [16],
  public_key: [32, 65],
  certificate_digest: [32],
  claim_digest: [32],
  endpoint_secret: [32],
  private_key: [32],
  claim_code: [10],
};

const HEX = /^(?:[0-9a-f]{2})+$/;

/** 32 bytes in base64url: the last character has two bits of padding, which are zero. */
const SECRET_TEXT = /^es_[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

const PEM_LABELS: Readonly<Partial<Record<ColumnName, string>>> = {
  public_key: 'PUBLIC KEY',
  private_key: 'PRIVATE KEY',
  certificate: 'CERTIFICATE',
};

/**
 * The bytes that a value stands for, or undefined when it is not exactly what a manifest writes in
 * this format. A public key comes as its SPKI and a private key as its 32 bytes, whatever the
 * format; a certificate as DER. Only for columns that hold bytes.
 */
export function decodeValue({ name, format }: ColumnChoice, text: string): Uint8Array | undefined {
  const bytes = decodeText(name, format, text);
  if (!bytes) return undefined;
  if (name === 'certificate') return isDer(bytes) ? bytes : undefined;
  if (format === 'pem' || format === 'der') {
    return name === 'public_key' ? checkedSpki(bytes) : rawPrivateKey(bytes);
  }
  if (RAW_BYTES[name]?.includes(bytes.length) !== true) return undefined;
  if (name !== 'public_key') return bytes;
  return bytes.length === 32 ? ed25519Spki(bytes) : bytes[0] === 4 ? p256Spki(bytes) : undefined;
}

/** The first of a column's formats in which this text is a value. */
export function inferFormat(name: ColumnName, text: string): Format | undefined {
  const formats: readonly Format[] = COLUMNS[name].formats;
  if (!holdsBytes(name)) return formats[0];
  return formats.find((format) => decodeValue({ name, format }, text) !== undefined);
}

/** False for the columns that are plain text: index, serial and model. */
export function holdsBytes(name: ColumnName): boolean {
  return name !== 'index' && name !== 'serial' && name !== 'model';
}

function decodeText(name: ColumnName, format: Format, text: string): Uint8Array | undefined {
  switch (format) {
    case 'hex':
      // A digest in every row: the expression is three times as fast as writing it again.
      return HEX.test(text) ? Buffer.from(text, 'hex') : undefined;
    case 'base64':
    case 'der':
      return fromBase64(text);
    case 'base64url':
      return fromBase64Url(text);
    case 'pem':
      return fromPem(PEM_LABELS[name] ?? '', text);
    case 'text':
      if (name === 'claim_code') return fromCrockford(text);
      if (name === 'endpoint_key') {
        return text.startsWith('ek_') ? fromCrockford(text.slice(3)) : undefined;
      }
      // In every row: writing it again, to see whether that is the same, would take three times as long.
      return SECRET_TEXT.test(text) ? Buffer.from(text.slice(3), 'base64url') : undefined;
  }
}

/** RFC 7468 with lines of 64 characters and a last line feed, as openssl writes it. */
function fromPem(label: string, text: string): Uint8Array | undefined {
  const begin = `-----BEGIN ${label}-----\n`;
  const end = `\n-----END ${label}-----\n`;
  if (!text.startsWith(begin) || !text.endsWith(end)) return undefined;
  const base64 = text.slice(begin.length, text.length - end.length).replaceAll('\n', '');
  const lines = base64.match(/.{1,64}/g)?.join('\n');
  return `${begin}${lines ?? ''}${end}` === text ? fromBase64(base64) : undefined;
}

function checkedSpki(bytes: Uint8Array): Uint8Array | undefined {
  const isEd25519 = bytes.length === 44 && startsWith(bytes, ED25519_SPKI_PREFIX);
  const isP256 = bytes.length === 91 && startsWith(bytes, P256_SPKI_PREFIX) && bytes[26] === 4;
  return isEd25519 || isP256 ? bytes : undefined;
}

/** The public point inside a P-256 PKCS #8 is compared where the key itself is. */
function rawPrivateKey(bytes: Uint8Array): Uint8Array | undefined {
  const prefix = bytes.length === 48 ? ED25519_PKCS8_PREFIX : P256_PKCS8_PREFIX;
  if (bytes.length !== 48 && bytes.length !== 138) return undefined;
  return startsWith(bytes, prefix) ? bytes.subarray(prefix.length, prefix.length + 32) : undefined;
}

/** One DER SEQUENCE and nothing after it. */
function isDer(bytes: Uint8Array): boolean {
  const length = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  return bytes[0] === 0x30 && bytes[1] === 0x82 && bytes.length === length + 4;
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, at) => bytes[at] === byte);
}
