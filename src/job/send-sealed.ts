import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import type { SealedUploads } from '../registry/sealed-uploads.ts';
import type { ManifestSeal } from '../seals/manifest-seal.ts';
import type { RegisterEffects, SealedSource } from './register-manifest.ts';
import { sealedChunks } from './sealed-chunks.ts';

const gzip = promisify(gzipCallback);
/** Parts on their way at once: one is packed while another is received. */
const AT_ONCE = 3;

/** An upload that was begun. */
export interface BegunUpload extends Pick<SealedSource, 'bytes'> {
  readonly id: string;
  readonly seal: ManifestSeal;
  /** Parts that the registry lacks. */
  readonly missing: readonly number[];
}

/** Sends the missing parts; the file is read to its end only where one is missing. Throws `signature-invalid`. */
export async function sendSealed(
  uploads: SealedUploads,
  { id, seal, missing, bytes }: BegunUpload,
  { onSent }: Pick<RegisterEffects, 'onSent'>,
): Promise<void> {
  if (missing.length === 0) return;
  const wanted = new Set(missing);
  const total = seal.chunks.length;
  const sending = new Set<Promise<void>>();
  let done = total - wanted.size;
  try {
    for await (const { n, chunk } of sealedChunks(bytes(), seal)) {
      if (!wanted.has(n)) continue;
      const content = { gzip: await gzip(chunk, { level: 1 }), format: seal.format };
      const sent = uploads.sendPart(id, n, content).then(() => {
        sending.delete(sent);
        onSent?.(++done, total);
      });
      sending.add(sent);
      if (sending.size >= AT_ONCE) await Promise.race(sending);
    }
    await Promise.all(sending);
  } finally {
    await Promise.allSettled(sending);
  }
}
