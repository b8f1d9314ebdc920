import type { ColumnChoice } from './columns.ts';

/** Which text form a manifest has. */
export type RowFormat = 'csv' | 'ndjson';

/** What one manifest's rows hold. */
export interface RowPlan {
  readonly format: RowFormat;
  readonly columns: readonly ColumnChoice[];
}

/** A value of a unit that is written from its bytes. */
export type ByteValue =
  | 'endpoint_key'
  /** 32 bytes: endpoint secret or raw private key. */
  | 'secret'
  | 'claim_code'
  | 'claim_digest'
  /** Raw: 32 bytes (Ed25519) or the 65-byte uncompressed point (P-256). */
  | 'public_key'
  | 'public_key_spki'
  | 'private_key_pkcs8'
  | 'certificate'
  | 'certificate_digest';

/**
 * A row is its parts, one after the other, and a line feed is the last literal's end. Quotes,
 * commas, prefixes and JSON punctuation are literals, so that a renderer never has to escape.
 */
export type RowPart =
  | { readonly kind: 'literal'; readonly text: string }
  /** The unit index in decimal. */
  | { readonly kind: 'index' }
  /** first + index, zero-padded to `width`; hexadecimal in upper case. */
  | {
      readonly kind: 'number';
      readonly base: 10 | 16;
      readonly width: number;
      readonly first: number;
    }
  /** ISO/IEC 7812-1 check digit over `digitsBefore` and the decimal number's digits. */
  | {
      readonly kind: 'luhn';
      readonly digitsBefore: string;
      readonly width: number;
      readonly first: number;
    }
  | {
      readonly kind: 'bytes';
      readonly value: ByteValue;
      readonly encoding: 'crockford' | 'hex' | 'base64' | 'base64url';
    }
  /** RFC 7468; `lineBreak` is a line feed in CSV and `\n` in JSON. */
  | {
      readonly kind: 'pem';
      readonly value: ByteValue;
      readonly label: 'PUBLIC KEY' | 'PRIVATE KEY' | 'CERTIFICATE';
      readonly lineBreak: string;
    };
