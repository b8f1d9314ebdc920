import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { KeylineError } from '../kernel/errors.ts';

/** Of a command; all of them together take a third of it on a slow machine. */
const MOST_MS = 60_000;

/** What a person may have set, and what the demo is not to follow. */
const NOT_FOLLOWED = [
  ...['KEYLINE_CONTEXT', 'KEYLINE_REGISTRY', 'KEYLINE_TOKEN_FILE', 'KEYLINE_REGISTRY_DATABASE'],
];

/** One command of the demo as a process of its own. */
export class DemoProgram {
  /** All that it said, once it has ended as it must. */
  readonly done: Promise<string>;
  readonly #child: ChildProcess;
  readonly #heard = new EventTarget();
  #text = '';
  /** How much of it was shown. */
  #shown = 0;

  constructor(
    place: { readonly folder: string; readonly program: string; readonly signal: AbortSignal },
    command: { readonly argv: readonly string[]; readonly at: string; readonly exit: number },
  ) {
    const { folder, program, signal } = place;
    const inherited = Object.entries(process.env).filter(([name]) => !NOT_FOLLOWED.includes(name));
    const env = {
      ...Object.fromEntries(inherited),
      KEYLINE_HOME: join(folder, command.at),
      KEYLINE_IDENTITY_FILE: join(folder, 'identity'),
      KEYLINE_PASSPHRASE_FILE: '',
    };
    const child = spawn(process.execPath, [program, ...command.argv], {
      ...{ cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], signal, timeout: MOST_MS },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        this.#text += part;
        this.#heard.dispatchEvent(new Event('text'));
      });
    }
    this.#child = child;
    this.done = this.#end(command.exit);
    // In the background nobody may be waiting for it yet.
    this.done.catch(() => undefined);
  }

  /** What it has said since this was last asked, once all of that fits the pattern. */
  saysMore(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const more = this.#text.slice(this.#shown);
        if (!pattern.test(more)) return;
        this.#heard.removeEventListener('text', look);
        this.#shown = this.#text.length;
        resolve(more);
      };
      this.#heard.addEventListener('text', look);
      look();
      this.done.then(() => {
        reject(this.#failure());
      }, reject);
    });
  }

  /** Ends it as Ctrl-C does. */
  async end(): Promise<void> {
    this.#child.kill('SIGINT');
    await this.done;
  }

  #end(wanted: number): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#child.on('error', () => {
        reject(new KeylineError('interrupted', { message: 'interrupted' }));
      });
      this.#child.on('close', (code) => {
        if (code === wanted) resolve(this.#text);
        else reject(this.#failure());
      });
    });
  }

  #failure(): KeylineError {
    return new KeylineError('unexpected', {
      message: `a step of the demo failed:\n${this.#text}`,
    });
  }
}
