import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { isErrno, KeylineError } from '../../kernel/errors.ts';
import type { PartReader } from '../../manifest/part-reader.ts';

/** The plain bytes of a part, at most. */
export const MOST_PART_BYTES = 64 * 1024 * 1024;
const MOST_LINE_BYTES = 64 * 1024;
const LINE_FEED = 0x0a;

const inflate = promisify(gunzip);

/** A part whose bytes are those of the seal's chunk. */
export interface UnpackedPart {
  readonly digest: string;
  readonly sizeBytes: number;
}

/**
 * Unpacks a part and compares it with its chunk's digest. Throws `request-too-large` for one that has
 * more than 64 MiB or a line of more than 64 KiB, however small it came; `part-mismatch`, also where the
 * chunk has other rows than its seal counts.
 */
export async function checkPart(
  content: Uint8Array,
  {
    isGzip,
    digest,
    count,
  }: {
    readonly isGzip: boolean;
    readonly digest: string | undefined;
    readonly count: (bytes: Uint8Array) => ReturnType<PartReader['count']>;
  },
): Promise<UnpackedPart> {
  const bytes = isGzip ? await unpack(content) : content;
  if (hasLongLine(bytes)) {
    throw new KeylineError('request-too-large', { message: 'a row has more than 64 KiB' });
  }
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== digest) throw mismatch('the bytes are not those of the chunk that was sealed');
  const rows = count(bytes);
  if (rows.found !== rows.sealed) {
    throw mismatch(`the chunk has ${rows.found} rows, and its seal says ${rows.sealed}`);
  }
  return { digest: found, sizeBytes: bytes.length };
}

/** The plain bytes of a gzip body (RFC 1952). Throws `request-too-large`, `part-mismatch`. */
export async function unpack(content: Uint8Array): Promise<Uint8Array> {
  try {
    return await inflate(content, { maxOutputLength: MOST_PART_BYTES });
  } catch (error) {
    if (isErrno(error, 'ERR_BUFFER_TOO_LARGE')) {
      throw new KeylineError('request-too-large', { message: 'the part has more than 64 MiB' });
    }
    throw mismatch('the gzip content is damaged or cut short');
  }
}

function hasLongLine(bytes: Uint8Array): boolean {
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(LINE_FEED, from);
    const length = (end < 0 ? bytes.length : end) - from;
    if (length > MOST_LINE_BYTES) return true;
    from += length + 1;
  }
  return false;
}

function mismatch(message: string): KeylineError {
  return new KeylineError('part-mismatch', { message });
}
