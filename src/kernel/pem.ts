import { fromBase64, toBase64 } from './bytes.ts';
import { KeylineError } from './errors.ts';

/** One labelled block of a PEM text. */
export interface PemBlock {
  /** Such as `CERTIFICATE`. */
  readonly label: string;
  readonly bytes: Uint8Array;
}

const BLOCK = /-----BEGIN ([A-Z0-9 #]+)-----([^-]*)-----END \1-----/g;

/** Textual encoding, RFC 7468: lines of 64 characters, LF, one after the last line. */
export function toPem(label: string, bytes: Uint8Array): string {
  const lines = toBase64(bytes).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/**
 * Every block of a text in order; text around blocks is skipped, as RFC 7468 section 2 allows. Throws
 * `certificate-invalid` for a block that is not base64, and where one begins that does not end.
 */
export function parsePem(text: string): PemBlock[] {
  const blocks = [...text.matchAll(BLOCK)].map(([, label = '', body = '']) => {
    const bytes = fromBase64(body.replace(/[ \t\r\n]/g, ''));
    if (!bytes) throw malformed(`the ${label} block is not base64`);
    return { label, bytes };
  });
  if (blocks.length !== text.split('-----BEGIN ').length - 1) {
    throw malformed('a block begins and does not end');
  }
  return blocks;
}

function malformed(why: string): KeylineError {
  return new KeylineError('certificate-invalid', { message: `this is no PEM text: ${why}` });
}
