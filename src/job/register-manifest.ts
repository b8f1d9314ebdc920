import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import { AtomicFile } from '../kernel/atomic-file.ts';
import { utf8 } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { ByteSource } from '../manifest/byte-sink.ts';
import { chunksOf } from '../manifest/chunks-of.ts';
import { parseBuiltPlan } from '../model/built-columns.ts';
import { isSecret } from '../model/columns.ts';
import type { HttpRegistry } from '../registry/http-registry.ts';
import type { RegisterCounts } from '../registry/registry.ts';
import { verifyManifestSeal } from '../seals/manifest-seal.ts';
import type { ManifestSeal } from '../seals/manifest-seal.ts';

const gzip = promisify(gzipCallback);
/** Parts on their way at once: one is packed while another is received. */
const AT_ONCE = 3;

/** A manifest that is to be registered. */
export interface SealedSource {
  /** Plaintext, from its beginning. */
  readonly bytes: () => ByteSource;
  /** JWS. */
  readonly seal: string;
  /** The lot's descriptor, JWS. */
  readonly descriptor: string;
}

/** What surrounds it. */
export interface RegisterEffects {
  readonly signal?: AbortSignal | undefined;
  readonly onSent?: (done: number, total: number) => void;
  readonly onApplied?: (done: number, total: number) => void;
}

/** What became of it. */
export interface Registered extends RegisterCounts {
  readonly uploadId: string;
  readonly lotId: string;
  readonly rows: number;
  /** Parts that were there already, from an earlier call. */
  readonly resumedParts: number;
}

/**
 * Registers every row of a sealed manifest in flat memory. Whatever was sent before, by a call that was
 * cut short, is not sent again, and rows that are there are `unchanged`. Throws `secret-columns`,
 * `signature-invalid` where the file is not the one that was sealed, and what the registry answers.
 */
export async function registerManifest(
  registry: HttpRegistry,
  source: SealedSource,
  effects: RegisterEffects = {},
): Promise<Registered> {
  const { seal, lot } = await verifyManifestSeal(source.seal);
  refuseSecrets(seal);
  await registry.addLot(source.descriptor);
  const upload = await registry.beginUpload(lot.lotId, seal.kind, source.seal);
  const resumedParts = seal.chunks.length - upload.missing.length;
  if (upload.missing.length > 0) {
    await sendParts(registry, { id: upload.id, seal, missing: upload.missing }, source, effects);
  }
  const onApplied = effects.onApplied ?? (() => undefined);
  const { state, result } = await registry.waitFor(await registry.commit(upload.id), onApplied);
  if (state === 'failed' || !result) {
    throw new KeylineError('registry-failed', { message: 'the registry could not end the upload' });
  }
  return { uploadId: upload.id, lotId: lot.lotId, rows: seal.count, resumedParts, ...result };
}

/** Writes the rows that were not registered, one JSON object a line, and returns how many. */
export async function writeFailedRows(
  registry: HttpRegistry,
  uploadId: string,
  path: string,
): Promise<number> {
  await using file = await AtomicFile.create(path, { mode: 0o644, force: true });
  let rows = 0;
  for await (const row of registry.failedRows(uploadId)) {
    await file.handle.write(utf8(`${JSON.stringify(row)}\n`));
    rows++;
  }
  await file.commit();
  return rows;
}

async function sendParts(
  registry: HttpRegistry,
  upload: { readonly id: string; readonly seal: ManifestSeal; readonly missing: readonly number[] },
  source: SealedSource,
  { onSent }: RegisterEffects,
): Promise<void> {
  const { id, seal } = upload;
  const missing = new Set(upload.missing);
  const total = seal.chunks.length;
  const sending = new Set<Promise<void>>();
  let n = 0;
  let done = total - missing.size;
  try {
    for await (const chunk of chunksOf(source.bytes(), seal.format)) {
      if (createHash('sha256').update(chunk).digest('hex') !== seal.chunks[n]) throw notSealed(n);
      if (missing.has(n)) {
        const content = { gzip: await gzip(chunk, { level: 1 }), format: seal.format };
        const sent = registry.sendPart(id, n, content).then(() => {
          sending.delete(sent);
          onSent?.(++done, total);
        });
        sending.add(sent);
        if (sending.size >= AT_ONCE) await Promise.race(sending);
      }
      n++;
    }
    if (n !== total) throw notSealed(n);
    await Promise.all(sending);
  } finally {
    await Promise.allSettled(sending);
  }
}

function refuseSecrets({ columns, format }: ManifestSeal): void {
  const secret = parseBuiltPlan(columns, format).derived.filter(isSecret);
  if (secret.length === 0) return;
  const names = secret.map(({ name }) => name);
  throw new KeylineError('secret-columns', {
    message: `${names.join(', ')} would let secrets leave the factory`,
    hint: 'Write the manifest again with public columns only; nothing was sent.',
    facts: { columns: names },
  });
}

function notSealed(chunk: number): KeylineError {
  return new KeylineError('signature-invalid', {
    message: 'the file is not the one that was sealed',
    hint: 'Run `keyline manifest check FILE`; what was sent before is harmless.',
    facts: { reason: 'chunk', chunk },
  });
}
