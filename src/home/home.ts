import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { outputError } from '../kernel/atomic-file.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { tryLock } from '../kernel/file-lock.ts';
import type { LotId, ProvisioningKey } from '../model/ids.ts';

const GROUP_AND_OTHERS = 0o077;
const OTHERS_MAY_WRITE = 0o022;

/** KEYLINE_HOME: where each file of docs/shapes.md has its place. Makes paths; touches the disk only where a method says so. */
export class Home {
  /** Absolute. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** The home at `path`, which need not exist. */
  static at(path: string): Home {
    return new Home(resolve(path));
  }

  get keysDir(): string {
    return join(this.path, 'keys');
  }

  /** Public. */
  keyCard(key: ProvisioningKey): string {
    return join(this.keysDir, `${key}.json`);
  }

  /** An age file. */
  keyFile(key: ProvisioningKey): string {
    return join(this.keysDir, `${key}.age`);
  }

  get lotsDir(): string {
    return join(this.path, 'lots');
  }

  lotDir(lot: LotId): string {
    return join(this.lotsDir, lot);
  }

  get grantsDir(): string {
    return join(this.path, 'grants');
  }

  get stationDir(): string {
    return join(this.path, 'station');
  }

  /** Public. */
  get stationCard(): string {
    return join(this.stationDir, 'card.jws');
  }

  /** An age file. */
  get stationFile(): string {
    return join(this.stationDir, 'station.age');
  }

  get registryDir(): string {
    return join(this.path, 'registry');
  }

  /** A log-in to a registry; secret. */
  registryContext(name: string): string {
    return join(this.registryDir, `${name}.json`);
  }

  get casDir(): string {
    return join(this.path, 'cas');
  }

  caDir(name: string): string {
    return join(this.casDir, name);
  }

  /** Every folder of the home that holds files which no output may replace. */
  get folders(): readonly string[] {
    const { keysDir, lotsDir, grantsDir, stationDir, casDir, registryDir } = this;
    const ledgerDir = join(this.path, 'ledger');
    return [keysDir, lotsDir, grantsDir, stationDir, casDir, registryDir, ledgerDir];
  }

  /**
   * Makes the folder, 0700, where it is missing; an empty one that exists is closed to others.
   * Throws `home-unsafe` where others may write to it, `home-unwritable` where we may not.
   */
  async ensure(): Promise<void> {
    await this.folder(this.path);
    if (process.platform === 'win32') return; // its mode bits say nothing about others
    const { mode } = await stat(this.path);
    if ((mode & GROUP_AND_OTHERS) === 0) return;
    if ((await readdir(this.path)).length === 0) {
      await this.#reach(() => chmod(this.path, 0o700));
    } else if ((mode & OTHERS_MAY_WRITE) !== 0) {
      throw new KeylineError('home-unsafe', {
        message: `others may write to ${this.path}`,
        hint: `Run: chmod 700 ${this.path}`,
        facts: { path: this.path, mode: (mode & 0o777).toString(8) },
      });
    }
  }

  /** Makes a folder inside the home, 0700, with those above it, and returns its path. Throws `home-unwritable`. */
  async folder(path: string): Promise<string> {
    await this.#reach(() => mkdir(path, { recursive: true, mode: 0o700 }));
    return path;
  }

  /** Makes the home and holds its lock until disposed. Throws `home-busy` while another command changes it. */
  async lock(): Promise<AsyncDisposable> {
    await this.ensure();
    const lock = await this.#reach(() => tryLock(join(this.path, 'lock')));
    if (lock !== undefined) return lock;
    throw new KeylineError('home-busy', {
      message: `another command is changing ${this.path}`,
      facts: { path: this.path },
    });
  }

  async #reach<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      for (const code of ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOENT']) {
        if (!isErrno(error, code)) continue;
        throw new KeylineError('home-unwritable', {
          message: `${this.path} cannot be written (${code})`,
          facts: { path: this.path },
        });
      }
      throw outputError(this.path, error);
    }
  }
}

/**
 * Refuses a secret file of the home that others may read or write: it was made 0600, so somebody
 * or something has changed it. Throws `home-unsafe`; a file that is missing passes.
 */
export async function refuseWideMode(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  let mode: number;
  try {
    mode = (await stat(path)).mode & 0o777;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  if ((mode & GROUP_AND_OTHERS) === 0) return;
  throw new KeylineError('home-unsafe', {
    message: `others have permissions on ${path} (mode ${mode.toString(8)})`,
    hint: `Run: chmod 600 ${path}`,
    facts: { path, mode: mode.toString(8) },
  });
}
