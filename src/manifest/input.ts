import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import { unreadable } from '../kernel/unreadable.ts';
import { AGE_MAGIC, openAge } from './age-source.ts';
import type { ByteSource } from './byte-sink.ts';

/** How a manifest is read. */
export interface InputOptions {
  /** The file key of an age file, from its header. */
  readonly unwrap: (header: Uint8Array) => Promise<Secret>;
  /** Where `-` comes from. */
  readonly stdin?: ByteSource | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes of the file read so far, of how many; 0 when that is not known. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What was found around the rows. */
export interface Layers {
  encrypted: boolean;
  gzip: boolean;
}

const BLOCK_BYTES = 256 * 1024;
const ARMOR = '-----BEGIN AGE ENCRYPTED FILE-----';

/**
 * The plaintext of a manifest file, or of `-`: age and gzip are recognised and taken off. Throws
 * `not-found`, and `manifest-unreadable` for a file that is damaged as age or gzip.
 */
export function readManifest(
  path: string,
  options: InputOptions,
): { bytes: ByteSource; layers: Layers } {
  const layers: Layers = { encrypted: false, gzip: false };
  const file = path === '-' ? fromStdin(options) : fromFile(path, options);
  return { bytes: peel(file, layers, options), layers };
}

async function* peel(source: ByteSource, layers: Layers, options: InputOptions): ByteSource {
  const { start, all } = await startOf(source);
  if (!layers.encrypted && !layers.gzip && start.startsWith(AGE_MAGIC)) {
    layers.encrypted = true;
    yield* peel(openAge(all, options.unwrap), layers, options);
  } else if (start.startsWith(ARMOR)) {
    throw new KeylineError('manifest-unreadable', {
      message: 'the file is an armored age file',
      hint: 'Decrypt it with age first, or have it written without armor.',
    });
  } else if (!layers.gzip && start.startsWith('\u001f\u008b')) {
    layers.gzip = true;
    yield* peel(gunzip(all), layers, options);
  } else {
    yield* all;
  }
}

/** The first bytes as latin1, and everything, those included. */
async function startOf(source: ByteSource): Promise<{ start: string; all: ByteSource }> {
  const iterator = source[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let length = 0;
  while (length < ARMOR.length) {
    const next = await iterator.next();
    if (next.done === true) break;
    held.push(Uint8Array.from(next.value));
    length += next.value.length;
  }
  const start = Buffer.concat(held).toString('latin1', 0, ARMOR.length);
  return { start, all: chain(held, iterator) };
}

async function* chain(held: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): ByteSource {
  try {
    yield* held;
    for (;;) {
      const next = await rest.next();
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await rest.return?.();
  }
}

async function* gunzip(source: ByteSource): ByteSource {
  const stream = createGunzip({ chunkSize: BLOCK_BYTES });
  // zlib keeps what it is given for longer than a block is lent.
  pipeline(copies(source), stream, () => undefined);
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (error instanceof KeylineError) throw error;
    throw new KeylineError('manifest-unreadable', {
      message: 'the gzip file is damaged or is cut short',
      hint: 'Get the file again from where it was written.',
    });
  }
}

async function* copies(source: ByteSource): ByteSource {
  for await (const block of source) yield Uint8Array.from(block);
}

async function* fromFile(path: string, options: InputOptions): ByteSource {
  const { signal, onProgress } = options;
  let done = 0;
  try {
    await using handle = await open(path, 'r');
    const { size } = await handle.stat();
    const buffer = new Uint8Array(BLOCK_BYTES);
    for (;;) {
      throwIfAborted(signal);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return;
      done += bytesRead;
      onProgress?.(done, size);
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function* fromStdin({ stdin, signal, onProgress }: InputOptions): ByteSource {
  let done = 0;
  // The next block may be long in coming.
  const stop = (): void => void process.stdin.destroy(new Error('interrupted'));
  if (!stdin) signal?.addEventListener('abort', stop);
  try {
    for await (const block of stdin ?? (process.stdin as ByteSource)) {
      throwIfAborted(signal);
      done += block.length;
      onProgress?.(done, 0);
      yield block;
    }
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
