import { closeSync, fsyncSync, fstatSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atExit } from '../../kernel/at-exit.ts';
import { outputError } from '../../kernel/atomic-file.ts';
import { isErrno } from '../../kernel/errors.ts';

const PREFIX = 'keyline-image-';
const WIPE_CHUNK = new Uint8Array(64 * 1024);

/**
 * A folder of this process alone (0700) for what a programmer reads and writes. Every file in it is
 * overwritten and removed on disposal. Overwriting is best effort: file systems may keep old blocks.
 */
export class ImageFolder implements AsyncDisposable {
  readonly path: string;
  readonly #atExit: Disposable;

  private constructor(path: string) {
    this.path = path;
    this.#atExit = atExit(() => {
      wipeFolderNow(path);
    });
  }

  /** Makes one under `parent`, and wipes those there whose process was killed. */
  static async create(parent = tmpdir()): Promise<ImageFolder> {
    try {
      await wipeOrphans(parent);
      return new ImageFolder(await mkdtemp(join(parent, `${PREFIX}${process.pid}-`)));
    } catch (error) {
      throw outputError(parent, error);
    }
  }

  /** Writes a file that did not exist, 0600, and returns its path. Throws `disk-full`, `output-unwritable`. */
  async write(name: string, bytes: Uint8Array): Promise<string> {
    const path = join(this.path, name);
    try {
      await using file = await open(path, 'wx', 0o600);
      await file.writeFile(bytes);
    } catch (error) {
      throw outputError(path, error);
    }
    return path;
  }

  /** Where a program may put a file. */
  place(name: string): string {
    return join(this.path, name);
  }

  /** What a program wrote; undefined where it did not. The caller wipes it. */
  async read(name: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(join(this.path, name));
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await wipeFolder(this.path);
    this.#atExit[Symbol.dispose]();
  }
}

/** The same as `wipeFolder`, for a process that ends. */
function wipeFolderNow(path: string): void {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isFile()) wipeFileNow(join(path, entry.name));
    }
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

function wipeFileNow(path: string): void {
  const file = openSync(path, 'r+');
  try {
    const { size } = fstatSync(file);
    for (let at = 0; at < size; at += WIPE_CHUNK.length) {
      writeSync(file, WIPE_CHUNK, 0, Math.min(WIPE_CHUNK.length, size - at), at);
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

async function wipeFolder(path: string): Promise<void> {
  try {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.isFile()) await wipeFile(join(path, entry.name));
    }
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

async function wipeFile(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  const { size } = await file.stat();
  for (let at = 0; at < size; at += WIPE_CHUNK.length) {
    await file.write(WIPE_CHUNK, 0, Math.min(WIPE_CHUNK.length, size - at), at);
  }
  await file.sync();
}

async function wipeOrphans(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const [, pid] = new RegExp(`^${PREFIX}(\\d+)-`).exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    try {
      await wipeFolder(join(parent, name));
    } catch (error) {
      // Another user's, or another station process was first.
      const isTheirs = isErrno(error, 'EACCES') || isErrno(error, 'EPERM');
      if (!isTheirs && !isErrno(error, 'ENOENT')) throw error;
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isErrno(error, 'ESRCH');
  }
}
