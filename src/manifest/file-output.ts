import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AtomicFile, outputError } from '../kernel/atomic-file.ts';
import { KeylineError } from '../kernel/errors.ts';
import { tryLock } from '../kernel/file-lock.ts';
import type { FileLock } from '../kernel/file-lock.ts';
import { holdFileSizeSignal } from './file-size-signal.ts';
import type { Output, OutputOptions } from './output.ts';

/**
 * A regular file that appears whole or not at all, with a lock beside it while it is written.
 * Throws `output-exists`, `output-busy`, `output-unwritable`; writing throws `disk-full`.
 */
export async function openFileOutput(path: string, options: OutputOptions): Promise<Output> {
  const lock = await lockBeside(path);
  try {
    const { secret, force } = options;
    const file = await AtomicFile.create(path, { mode: secret ? 0o600 : 0o644, force });
    return new FileOutput(path, file, lock);
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

class FileOutput implements Output {
  readonly name: string;
  readonly kind = 'file';
  readonly #file: AtomicFile;
  readonly #lock: FileLock;
  readonly #fileSizeSignal = holdFileSizeSignal();

  constructor(path: string, file: AtomicFile, lock: FileLock) {
    this.name = path;
    this.#file = file;
    this.#lock = lock;
  }

  get fd(): number {
    return this.#file.handle.fd;
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await this.#file.handle.write(bytes, at);
        at += bytesWritten;
      }
    } catch (error) {
      throw outputError(this.name, error);
    }
  }

  end(): Promise<void> {
    return Promise.resolve();
  }

  async sync(): Promise<void> {
    try {
      await this.#file.handle.sync();
    } catch (error) {
      throw outputError(this.name, error);
    }
  }

  commit(): Promise<void> {
    return this.#file.commit();
  }

  retract(): Promise<void> {
    return rm(this.name, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fileSizeSignal[Symbol.dispose]();
    try {
      await this.#file[Symbol.asyncDispose]();
    } finally {
      await this.#lock[Symbol.asyncDispose]();
    }
  }
}

async function lockBeside(path: string): Promise<FileLock> {
  let lock: FileLock | undefined;
  try {
    lock = await tryLock(join(dirname(path), `.${basename(path)}.lock`));
  } catch (error) {
    throw outputError(path, error);
  }
  if (lock) return lock;
  throw new KeylineError('output-busy', {
    message: `another command is writing ${path}`,
    facts: { path },
  });
}
