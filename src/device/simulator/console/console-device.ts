import { toLatin1 } from './latin1.ts';
import type { ConsoleDialect } from './console-dialect.ts';

/** The line editor of a console: echo, line ends, Ctrl-C; the language is its dialect's. */
export class ConsoleDevice {
  readonly #makeDialect: () => ConsoleDialect;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #restarted: () => void;
  #dialect: ConsoleDialect;
  #line = '';
  #last = '';

  /** `restarted` is called for each restart that the console itself makes. */
  constructor(
    makeDialect: () => ConsoleDialect,
    ends: { readonly send: (bytes: Uint8Array) => void; readonly restarted: () => void },
  ) {
    this.#makeDialect = makeDialect;
    this.#send = ends.send;
    this.#restarted = ends.restarted;
    this.#dialect = makeDialect();
  }

  /** Power came or a restart: banner and prompt, and nothing of before. */
  boot(): void {
    this.#dialect = this.#makeDialect();
    this.#line = '';
    this.#print(this.#dialect.banner + this.#dialect.prompt);
  }

  received(bytes: Uint8Array): void {
    for (const character of Buffer.from(bytes).toString('latin1')) {
      this.#type(character);
      this.#last = character;
    }
  }

  /** Runs a line as if it had been typed, and says nothing. */
  runQuietly(line: string): void {
    this.#dialect.run(line);
  }

  #type(character: string): void {
    const { interrupted, prompt, maxLine, endOfInput } = this.#dialect;
    if (character === '\r' || character === '\n') {
      // A line feed after a carriage return belongs to the same end.
      if (character === '\r' || this.#last !== '\r') this.#enter();
    } else if (character === '\x03' && interrupted !== undefined) {
      this.#line = '';
      this.#print(interrupted + prompt);
    } else if (character === '\x04' && endOfInput !== undefined && this.#line === '') {
      this.#line = endOfInput;
      this.#enter();
    } else if (character === '\b' || character === '\x7f') {
      if (this.#line !== '') this.#print('\b \b');
      this.#line = this.#line.slice(0, -1);
    } else if (character >= ' ') {
      if (this.#line.length >= maxLine) {
        this.#print('\x07');
        return;
      }
      this.#line += character;
      this.#print(character);
    }
  }

  #enter(): void {
    const line = this.#line;
    this.#line = '';
    this.#print('\n');
    const { output, restarts } = this.#dialect.run(line);
    this.#print(output);
    if (restarts) {
      this.#restarted();
      this.boot();
    } else this.#print(this.#dialect.prompt);
  }

  #print(text: string): void {
    if (text !== '') this.#send(toLatin1(text.replaceAll('\n', '\r\n')));
  }
}
