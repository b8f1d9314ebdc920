import { randomBytes } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appears, Background } from './background.ts';

const SOCAT = { program: 'socat', package: 'socat' };

/**
 * A shipped profile for a gateway whose folders are in the one that its shell starts in, and whose
 * restart is left out: it would be this machine's.
 */
export function inItsFolder(profile: string): string {
  return movedToItsFolder(profile.replace(/^ {2}restart:\n(?: {4}.*\n)+/m, ''));
}

/** The same, with its restart. */
export function movedToItsFolder(profile: string): string {
  return profile.replaceAll('/etc/keyline', 'keyline').replaceAll('/etc/machine-id', 'machine-id');
}

/** What makes bash take a restart for one of its own: it begins anew, as another console than this machine's. */
export const RESTARTABLE = {
  'BASH_FUNC_tty%%': '() { echo /dev/ttyS0; }',
  'BASH_FUNC_reboot%%':
    '() { echo again >> restarts; echo "Linux version 6.1.0"; exec bash --norc -i; }',
} as const;

/** A gateway: a shell on a terminal of its own, and what it keeps. Its console goes with its power. */
export class ShellConsole implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'keyline-shell-'));
  /** The serial port that its console is on. */
  readonly path = join(this.folder, 'tty');
  readonly machineId = randomBytes(16).toString('hex');
  /** Where it keeps its credential. */
  readonly kept = join(this.folder, 'keyline');
  readonly #shell: string;
  readonly #env: Readonly<Record<string, string>>;
  #socat: Background | undefined;

  constructor(shell: string, env: Readonly<Record<string, string>> = {}) {
    this.#shell = shell;
    this.#env = { PS1: 'root@gateway:~# ', HISTFILE: join(this.folder, 'history'), ...env };
    writeFileSync(join(this.folder, 'machine-id'), `${this.machineId}\n`);
  }

  static async started(
    shell: string,
    env?: Readonly<Record<string, string>>,
  ): Promise<ShellConsole> {
    const console = new ShellConsole(shell, env);
    try {
      await console.powerOn();
      return console;
    } catch (error) {
      await console[Symbol.asyncDispose]();
      throw error;
    }
  }

  async powerOn(): Promise<void> {
    const exec = `EXEC:'${this.#shell}',pty,setsid,ctty,stderr,sane`;
    const line = `PTY,link=${this.path},raw,echo=0`;
    this.#socat = new Background(SOCAT, [line, exec], { cwd: this.folder, env: this.#env });
    await appears(this.path);
  }

  async powerOff(): Promise<void> {
    await this.#socat?.[Symbol.asyncDispose]();
    this.#socat = undefined;
    rmSync(this.path, { force: true });
  }

  /** Everything that stands in its files, byte by byte. */
  allFiles(): string {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
      .join('\n');
  }

  keptFile(name: string): string | undefined {
    const path = join(this.kept, name);
    return existsSync(path) ? readFileSync(path, 'latin1') : undefined;
  }

  /** Takes over what another one keeps, as a copied image does. */
  copyOf(other: ShellConsole): void {
    cpSync(other.kept, this.kept, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.powerOff();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
