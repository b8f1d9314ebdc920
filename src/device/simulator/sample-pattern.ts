/** Takes a number of 0 … `below` − 1. */
export type Pick = (below: number) => number;

/** How often `*` and `+` repeat at most beyond what they must. */
const MOST_REPEATS = 8;
const PRINTABLE = [...Array(95).keys()].map((at) => String.fromCharCode(at + 0x20)).join('');
const CLASSES: Readonly<Record<string, string>> = {
  d: '0123456789',
  w: '0123456789abcdefghijklmnopqrstuvwxyz',
  s: ' ',
  S: '0123456789abcdefghijklmnopqrstuvwxyz',
};

/**
 * A text that matches a regular expression: literals, classes, groups, alternatives and counts.
 * Undefined where the expression has what this does not know, such as a look-around.
 */
export function samplePattern(source: string, pick: Pick): string | undefined {
  const sampler = new Sampler(source, pick);
  try {
    const text = sampler.alternatives();
    return new RegExp(`^(?:${source})$`).test(text) ? text : undefined;
  } catch {
    return undefined; // an expression of another kind
  }
}

class Sampler {
  readonly #source: string;
  readonly #pick: Pick;
  #at = 0;

  constructor(source: string, pick: Pick) {
    this.#source = source;
    this.#pick = pick;
  }

  /** Up to the group's end, which stays. */
  alternatives(): string {
    const choices = [this.#sequence()];
    while (this.#take('|')) choices.push(this.#sequence());
    return choices[this.#pick(choices.length)] ?? '';
  }

  #sequence(): string {
    let text = '';
    while (this.#at < this.#source.length && !/[|)]/.test(this.#peek())) {
      const start = this.#at;
      let piece = this.#atom();
      const end = this.#at;
      const count = this.#count();
      const after = this.#at;
      if (count === 0) piece = '';
      for (let more = 1; more < count; more++) {
        this.#at = start;
        piece += this.#atom();
      }
      this.#at = count > 1 ? after : Math.max(after, end);
      text += piece;
    }
    return text;
  }

  #atom(): string {
    const character = this.#next();
    switch (character) {
      case '^':
      case '$':
        return '';
      case '.':
        return this.#one(CLASSES['w'] ?? '');
      case '\\':
        return this.#escape();
      case '[':
        return this.#one(this.#set());
      case '(': {
        if (this.#take('?') && !this.#take(':')) throw new Error('a look-around');
        const text = this.alternatives();
        this.#at += 1;
        return text;
      }
      default:
        return character;
    }
  }

  #escape(): string {
    const character = this.#next();
    if (character === 'b') return '';
    const members = CLASSES[character];
    if (members === undefined && /[a-zA-Z0-9]/.test(character)) throw new Error('an escape');
    return members === undefined ? character : this.#one(members);
  }

  #set(): string {
    const isNegated = this.#take('^');
    let members = '';
    while (this.#peek() !== ']') {
      const from = this.#next();
      if (from === '\\') members += this.#escapedMembers();
      else if (this.#peek() === '-' && this.#source[this.#at + 1] !== ']') {
        this.#at += 1;
        for (let code = from.charCodeAt(0); code <= this.#code(); code++) {
          members += String.fromCharCode(code);
        }
        this.#at += 1;
      } else members += from;
    }
    this.#at += 1;
    return isNegated ? [...PRINTABLE].filter((one) => !members.includes(one)).join('') : members;
  }

  #escapedMembers(): string {
    const character = this.#next();
    return CLASSES[character] ?? character;
  }

  #code(): number {
    return this.#peek().charCodeAt(0);
  }

  #count(): number {
    const [all, exact, least, most] =
      /^\{(?:(\d+)|(\d+),(\d*))\}/.exec(this.#source.slice(this.#at)) ?? [];
    if (all !== undefined) {
      this.#at += all.length;
      const from = Number(exact ?? least);
      const to = exact !== undefined ? from : most ? Number(most) : from + MOST_REPEATS;
      // The longest: ids of many characters are the ones that differ.
      return this.#lazy(to);
    }
    if (this.#take('*')) return this.#lazy(this.#pick(MOST_REPEATS));
    if (this.#take('+')) return this.#lazy(1 + this.#pick(MOST_REPEATS));
    return this.#take('?') ? this.#lazy(this.#pick(2)) : 1;
  }

  #lazy(count: number): number {
    this.#take('?');
    return count;
  }

  #one(members: string): string {
    return members.charAt(this.#pick(members.length));
  }

  #peek(): string {
    if (this.#at >= this.#source.length) throw new Error('an expression that does not end');
    return this.#source.charAt(this.#at);
  }

  #next(): string {
    const character = this.#peek();
    this.#at += 1;
    return character;
  }

  #take(character: string): boolean {
    if (this.#source[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }
}
