/** What a terminal of unknown width shows as one row; readline and ash wrap at this where nobody says better. */
const ROW_COLUMNS = 80;

type EscapeState = 'none' | 'escape' | 'csi' | 'string' | 'string-escape';

/**
 * The text that a console's bytes come to: lines without colours, cursor movements and carriage
 * returns, as a person at a terminal would read them. Bytes may come cut anywhere. It follows what
 * line editors do to redraw their line (ECMA-48: CR, BS, CUF, CUB, EL, ED) and no more.
 */
export class ConsoleScreen {
  #lines: string[] = [];
  #cells: string[] = [];
  #column = 0;
  #state: EscapeState = 'none';
  #parameters = '';
  #length = 0;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  /** The line that is not ended yet, as far as the cursor. */
  get current(): string {
    return this.#cells.slice(0, this.#column).join('');
  }

  /** Ended lines, each with its line feed. */
  get ended(): string {
    return this.#lines.map((line) => `${line}\n`).join('');
  }

  /** Everything since the last `clear`, ended lines first. */
  get text(): string {
    return this.ended + this.current;
  }

  /** Characters taken since the last `clear`, those that do not show included. */
  get length(): number {
    return this.#length;
  }

  /** Takes the next bytes and forgets them. */
  push(bytes: Uint8Array): void {
    for (const character of this.#decoder.decode(bytes, { stream: true })) {
      this.#length += 1;
      if (this.#state === 'none') this.#put(character);
      else this.#escape(character);
    }
  }

  /** Forgets the text; an escape sequence that is half in goes on. */
  clear(): void {
    this.#lines = [];
    this.#cells = [];
    this.#column = 0;
    this.#length = 0;
  }

  #put(character: string): void {
    switch (character) {
      case '\x1b':
        this.#state = 'escape';
        return;
      case '\n':
        this.#lines.push(this.#cells.join(''));
        this.#cells = [];
        this.#column = 0;
        return;
      case '\r':
        // To the start of the row, not of the line: a long line takes several rows.
        this.#column = Math.floor(Math.max(0, this.#column - 1) / ROW_COLUMNS) * ROW_COLUMNS;
        return;
      case '\b':
        this.#column = Math.max(0, this.#column - 1);
        return;
      default:
        if (character !== '\t' && (character < ' ' || character === '\x7f')) return;
        this.#cells[this.#column] = character;
        this.#column += 1;
    }
  }

  #escape(character: string): void {
    switch (this.#state) {
      case 'escape':
        if (character === '[') this.#state = 'csi';
        else if (']PX^_'.includes(character)) this.#state = 'string';
        // Intermediate bytes go before the one that ends the sequence.
        else if (character < ' ' || character > '/') this.#state = 'none';
        this.#parameters = '';
        return;
      case 'csi':
        if (character >= '@' && character <= '~') {
          this.#state = 'none';
          this.#control(character, this.#parameters);
        } else if (character === '\x1b') this.#state = 'escape';
        // A line break inside means that the sequence never was one.
        else if (character < ' ') {
          this.#state = 'none';
          this.#put(character);
        } else this.#parameters += character;
        return;
      case 'string':
        if (character === '\x07') this.#state = 'none';
        else if (character === '\x1b') this.#state = 'string-escape';
        else if (character === '\n') {
          this.#state = 'none';
          this.#put(character);
        }
        return;
      default:
        this.#state = 'none';
    }
  }

  #control(final: string, parameters: string): void {
    const count = Math.min(4096, Number.parseInt(parameters, 10) || 0);
    if (final === 'C') this.#moveTo(this.#column + Math.max(1, count));
    else if (final === 'D') this.#moveTo(this.#column - Math.max(1, count));
    else if (final === 'G') this.#moveTo(Math.max(1, count) - 1);
    else if (final === 'K' || final === 'J') this.#erase(count);
  }

  #moveTo(column: number): void {
    this.#column = Math.max(0, column);
    while (this.#cells.length < this.#column) this.#cells.push(' ');
  }

  #erase(mode: number): void {
    if (mode === 0) this.#cells.length = Math.min(this.#cells.length, this.#column);
    else this.#cells = Array.from({ length: this.#column }, () => ' ');
  }
}
