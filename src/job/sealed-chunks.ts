import { createHash } from 'node:crypto';
import { KeylineError } from '../kernel/errors.ts';
import type { ByteSource } from '../manifest/byte-sink.ts';
import { chunksOf } from '../manifest/chunks-of.ts';
import type { ManifestSeal } from '../seals/manifest-seal.ts';

/** The chunks of a manifest, each compared with its seal first. Throws `signature-invalid`. */
export async function* sealedChunks(
  bytes: ByteSource,
  seal: ManifestSeal,
): AsyncGenerator<{ readonly n: number; readonly chunk: Uint8Array }, void> {
  let n = 0;
  for await (const chunk of chunksOf(bytes, seal.format)) {
    if (createHash('sha256').update(chunk).digest('hex') !== seal.chunks[n]) throw notSealed(n);
    yield { n, chunk };
    n++;
  }
  if (n !== seal.chunks.length) throw notSealed(n);
}

function notSealed(chunk: number): KeylineError {
  return new KeylineError('signature-invalid', {
    message: 'the file is not the one that was sealed',
    hint: 'Run `keyline manifest check FILE`; what was sent before is harmless.',
    facts: { reason: 'chunk', chunk },
  });
}
