import { MemoryDevice } from '../../../src/device/ports/memory-port.ts';
import type { MemoryDeviceOptions } from '../../../src/device/ports/memory-port.ts';

/** What a command prints and ends with; undefined: nothing ever comes. */
export type Reply =
  { readonly out?: string; readonly status?: number; readonly restarts?: boolean } | undefined;

export interface FakeConsoleOptions extends MemoryDeviceOptions {
  readonly prompt?: string;
  readonly echo?: boolean;
  /** `hush`: knows `;`, and `echo` with quotes and `$?`. `plain`: one command a line. */
  readonly language?: 'hush' | 'plain';
  /** Printed by a restart. */
  readonly banner?: string;
  /** How many bytes go out at once, one after the other, again and again. */
  readonly cuts?: readonly number[];
  /** A line that comes unasked before each n-th line of output. */
  readonly noise?: { readonly line: string; readonly every: number };
  /** Ctrl-C ends a half-typed line. */
  readonly isInterruptible?: boolean;
  /** Every n-th character typed is lost. */
  readonly losesTyped?: number;
}

/** A console with a prompt, written for the tests from what real ones do, on the far end of a memory port. */
export class FakeConsole extends MemoryDevice {
  /** Every command that was run. */
  readonly ran: string[] = [];
  readonly #options: FakeConsoleOptions;
  readonly #run: (command: string) => Reply;
  #line = '';
  #status = 0;
  #cut = 0;
  #printed = 0;
  #typed = 0;

  constructor(run: (command: string) => Reply, options: FakeConsoleOptions = {}) {
    super(options);
    this.#run = run;
    this.#options = options;
    this.onWrite = (bytes) => {
      for (const character of Buffer.from(bytes).toString('latin1')) this.#type(character);
    };
  }

  get #prompt(): string {
    return this.#options.prompt ?? '=> ';
  }

  #type(character: string): void {
    if (character === '\x03' && this.#options.isInterruptible !== false) {
      this.#line = '';
      this.#say(`^C\r\n${this.#prompt}`);
    } else if (character === '\r') {
      if (this.#options.echo !== false) this.#say('\r\n');
      const line = this.#line;
      this.#line = '';
      const isAlive = this.#options.language === 'plain' ? this.#one(line) : this.#hush(line);
      if (isAlive) this.#say(this.#prompt);
    } else {
      this.#typed += 1;
      const { losesTyped } = this.#options;
      if (losesTyped !== undefined && this.#typed % losesTyped === 0) return;
      this.#line += character;
      if (this.#options.echo !== false) this.#say(character);
    }
  }

  /** Commands of a line one after the other; `;` between single quotes is no end. */
  #hush(line: string): boolean {
    const commands = line.match(/(?:'[^']*'|"[^"]*"|[^;'"])+/g) ?? [];
    return commands.every((command) => {
      const echoed = /^echo (.*)$/.exec(command)?.[1];
      if (echoed === undefined) return this.#one(command);
      this.#print(echoed.replaceAll('"', '').replace('$?', String(this.#status)));
      this.#status = 0;
      return true;
    });
  }

  #one(command: string): boolean {
    if (command.trim() === '') return true;
    this.ran.push(command);
    const reply = this.#run(command);
    if (!reply) return false;
    this.#status = reply.status ?? 0;
    if (reply.restarts) {
      this.#say(`\r\n${this.#options.banner ?? 'Boot 1.0'}\r\n\r\n${this.#prompt}`);
      return false;
    }
    for (const line of (reply.out ?? '').split('\n').filter((text) => text !== ''))
      this.#print(line);
    return true;
  }

  #print(line: string): void {
    const { noise } = this.#options;
    this.#printed += 1;
    if (noise && this.#printed % noise.every === 0) this.#say(`${noise.line}\r\n`);
    this.#say(`${line}\r\n`);
  }

  #say(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    const { cuts } = this.#options;
    for (let at = 0; at < bytes.length;) {
      const size = cuts ? (cuts[this.#cut++ % cuts.length] ?? 1) : bytes.length;
      this.feed(Uint8Array.from(bytes.subarray(at, at + size)));
      at += size;
    }
  }
}
