import { randomBytes } from 'node:crypto';
import { link, open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isErrno, KeylineError } from './errors.ts';

/** How an atomic file is made. */
export interface AtomicFileOptions {
  /** 0o600 where any byte is secret, else 0o644. */
  readonly mode: 0o600 | 0o644;
  /** Replace a file that exists; otherwise the commit fails with `output-exists`. */
  readonly force?: boolean;
}

/**
 * A file that appears whole or not at all: written beside its place, synced, then moved there.
 * Disposal without a commit removes what was written.
 */
export class AtomicFile implements AsyncDisposable {
  readonly path: string;
  readonly handle: FileHandle;
  readonly #temporary: string;
  readonly #force: boolean;
  #open = true;

  /** Where it is until then, for whoever writes by name. */
  get draft(): string {
    return this.#temporary;
  }

  private constructor(path: string, temporary: string, handle: FileHandle, force: boolean) {
    this.path = path;
    this.handle = handle;
    this.#temporary = temporary;
    this.#force = force;
  }

  /** Opens the file beside `path`. Throws `output-exists` early and `output-unwritable`. */
  static async create(path: string, options: AtomicFileOptions): Promise<AtomicFile> {
    const force = options.force ?? false;
    if (!force) await refuseExisting(path);
    const suffix = randomBytes(6).toString('hex');
    const temporary = join(dirname(path), `.${basename(path)}.${suffix}.partial`);
    try {
      const handle = await open(temporary, 'wx+', options.mode);
      return new AtomicFile(path, temporary, handle, force);
    } catch (error) {
      throw outputError(path, error);
    }
  }

  /** Syncs and moves the file to its place. Without `force` a file that has appeared meanwhile wins. */
  async commit(): Promise<void> {
    try {
      await this.handle.sync();
      await this.#close();
      if (this.#force) {
        await rename(this.#temporary, this.path);
      } else {
        // A hard link, unlike a rename, fails when the name is taken.
        await link(this.#temporary, this.path);
        await rm(this.#temporary);
      }
      await syncDirectory(dirname(this.path));
    } catch (error) {
      throw outputError(this.path, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await rm(this.#temporary, { force: true });
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.handle.close();
  }
}

/** Writes a whole small file atomically. */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  options: AtomicFileOptions,
): Promise<void> {
  await using file = await AtomicFile.create(path, options);
  try {
    await file.handle.writeFile(content);
  } catch (error) {
    throw outputError(path, error);
  }
  await file.commit();
}

/** The keyline error for what the operating system said of writing `path`; others pass unchanged. */
export function outputError(path: string, error: unknown): unknown {
  const facts = { path };
  if (isErrno(error, 'EEXIST')) {
    return new KeylineError('output-exists', { message: `${path} exists already`, facts });
  }
  if (isErrno(error, 'ENOSPC') || isErrno(error, 'EDQUOT') || isErrno(error, 'EFBIG')) {
    return new KeylineError('disk-full', { message: `no room to write ${path}`, facts });
  }
  for (const code of ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS', 'EISDIR', 'ENAMETOOLONG']) {
    if (isErrno(error, code)) {
      return new KeylineError('output-unwritable', {
        message: `${path} cannot be written (${code})`,
        facts,
      });
    }
  }
  return error;
}

async function refuseExisting(path: string): Promise<void> {
  try {
    await (await open(path, 'r')).close();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    if (!isErrno(error, 'EACCES')) throw outputError(path, error);
  }
  throw new KeylineError('output-exists', { message: `${path} exists already`, facts: { path } });
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
