import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import { vi } from 'vitest';

/** A program of this machine, and the Debian package that it comes with. */
export interface Tool {
  readonly program: string;
  readonly package: string;
}

/** Long enough for a busy machine; every wait ends with its condition. */
const PATIENCE_MS = 30_000;
const ENDING_MS = 5_000;

/** A program that runs beside a test, with all that it printed; ended with its scope, by its own id. */
export class Background implements AsyncDisposable {
  readonly #tool: Tool;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<void>;
  #output = '';
  #end: string | undefined;
  #changed: () => void = () => undefined;

  /** Throws, with the package to install, where the program is missing. */
  constructor(
    tool: Tool,
    argv: readonly string[],
    options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ) {
    this.#tool = tool;
    const env = { ...environment(), ...options.env };
    this.#child = spawn(pathOf(tool), argv, { cwd: options.cwd, env });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        this.#changed();
      });
    }
    this.#child.stdin.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      const over = (how: string): void => {
        this.#end = how;
        this.#changed();
        resolve();
      };
      this.#child.on('error', (error) => {
        over(error.message);
      });
      this.#child.on('close', (code, signal) => {
        over(`ended with ${signal ?? String(code)}`);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  type(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** The first match in what it printed. Throws when it ends first, and at the deadline. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match) return match;
      const leftMs = deadline - performance.now();
      if (this.#end !== undefined || leftMs <= 0) {
        const how = this.#end ?? 'printed nothing of the kind in time';
        throw new Error(`${this.#tool.program} ${how}, before ${pattern.source}: ${this.#output}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Ends it at once, as a power cut does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), ENDING_MS);
    await this.#ended;
    clearTimeout(timer);
  }
}

/** Runs a program to its end and returns what it printed. Throws unless it ended with 0, or is missing. */
export function runTool(
  tool: Tool,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string {
  const { status, stdout, stderr } = spawnSync(pathOf(tool), argv, {
    env: { ...environment(), ...env },
    encoding: 'latin1',
    timeout: PATIENCE_MS,
  });
  if (status === 0) return stdout;
  throw new Error(`${tool.program} ${argv.join(' ')} ended with ${String(status)}: ${stderr}`);
}

/** Throws, with the package to install, unless the file is there. */
export function needFile(path: string, debianPackage: string): string {
  if (existsSync(path)) return path;
  throw new Error(`${path} is missing; on Debian: apt-get install ${debianPackage}`);
}

/** Returns when the file, socket or link is there. */
export async function appears(path: string): Promise<void> {
  await vi.waitFor(
    () => {
      if (!existsSync(path)) throw new Error(`${path} does not appear`);
    },
    { timeout: PATIENCE_MS, interval: 20 },
  );
}

function pathOf({ program, package: debianPackage }: Tool): string {
  const folders = environment().PATH.split(':');
  const path = folders.map((folder) => `${folder}/${program}`).find((file) => existsSync(file));
  if (path !== undefined) return path;
  throw new Error(`${program} is not installed; on Debian: apt-get install ${debianPackage}`);
}

/** Debian keeps servers and file system tools where only root looks for them. */
function environment() {
  return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin` };
}
