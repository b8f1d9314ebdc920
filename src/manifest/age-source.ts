import { concat } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import { AGE_CHUNK_BYTES, AGE_NONCE_BYTES, AGE_TAG_BYTES, AgePayload } from './age-stream.ts';
import type { ByteSource } from './byte-sink.ts';
import { ByteWindow } from './byte-window.ts';

/** How a binary age file begins (age-encryption.org/v1). */
export const AGE_MAGIC = 'age-encryption.org/v1\n';

const MAC_LINE = '\n--- ';
const LINE_FEED = 0x0a;
const MAX_HEADER_BYTES = 64 * 1024;
const SEALED_BYTES = AGE_CHUNK_BYTES + AGE_TAG_BYTES;

/**
 * The plaintext of an age file, chunk by chunk; what a chunk is preceded by was already proven to
 * be unaltered, but only the stream's end proves that nothing is missing. `unwrap` gives the file
 * key for a header. Throws `manifest-unreadable`.
 */
export async function* openAge(
  source: ByteSource,
  unwrap: (header: Uint8Array) => Promise<Secret>,
): ByteSource {
  await using window = new ByteWindow(source);
  const header = await takeHeader(window);
  using fileKey = await unwrap(header);
  if (!(await window.fill(AGE_NONCE_BYTES))) throw cutShort();
  const payload = new AgePayload(
    fileKey,
    Uint8Array.from(window.bytes.subarray(0, AGE_NONCE_BYTES)),
  );
  window.skip(AGE_NONCE_BYTES);
  try {
    for (let isFirst = true; ; isFirst = false) {
      // A chunk is the last one when no byte stands after it.
      const isLast = !(await window.fill(SEALED_BYTES + 1));
      const chunk = window.bytes.subarray(0, SEALED_BYTES);
      const plain = payload.open(chunk, isLast);
      if (isLast && plain.length === 0 && !isFirst) throw cutShort();
      window.skip(chunk.length);
      yield plain;
      plain.fill(0);
      if (isLast) return;
    }
  } finally {
    payload.wipe();
  }
}

async function takeHeader(window: ByteWindow): Promise<Uint8Array> {
  for (let wanted = 1024; ; wanted *= 2) {
    const isWhole = !(await window.fill(wanted));
    const held = Buffer.from(window.bytes);
    const macLine = held.indexOf(MAC_LINE, 0, 'latin1');
    const end = macLine < 0 ? -1 : held.indexOf(LINE_FEED, macLine + 1);
    if (end >= 0) {
      window.skip(end + 1);
      return concat(held.subarray(0, end + 1));
    }
    if (isWhole || wanted > MAX_HEADER_BYTES) throw cutShort();
  }
}

function cutShort(): KeylineError {
  return new KeylineError('manifest-unreadable', {
    message: 'the encrypted file is damaged or is cut short',
    hint: 'Get the file again from where it was written.',
  });
}
