/** A piece of a word. */
export type WordPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string; readonly isQuoted: boolean }
  | { readonly kind: 'command'; readonly list: ShellList; readonly isQuoted: boolean };
export type Word = readonly WordPart[];

/** `> word`, `>> word`, `< word`; `2>` alone is taken and forgotten, as there is one output. */
export interface Redirect {
  readonly operator: '>' | '>>' | '<';
  readonly target: Word;
}

/** A command of a line. */
export type ShellNode =
  | {
      readonly kind: 'simple';
      readonly words: readonly Word[];
      readonly redirects: readonly Redirect[];
    }
  | { readonly kind: 'group'; readonly list: ShellList; readonly redirects: readonly Redirect[] }
  | {
      readonly kind: 'if';
      readonly condition: ShellList;
      readonly body: ShellList;
      readonly otherwise: ShellList | undefined;
      readonly redirects: readonly Redirect[];
    };
/** Commands that hand their output on. */
export type Pipeline = readonly ShellNode[];
/** Pipelines, each run when the one before allows it. */
export type ShellList = readonly {
  readonly when: 'always' | 'ok' | 'failed';
  readonly pipeline: Pipeline;
}[];

type Token =
  | { readonly kind: 'word'; readonly word: Word; readonly bare: string | undefined }
  | { readonly kind: 'operator'; readonly text: string };

/** What a line is not. */
export class ShellSyntaxError extends Error {}

/** Groups, `if`s and `$(…)` within each other: a small device's stack is small. */
const DEEPEST = 32;

/**
 * Reads a line of a POSIX shell or of U-Boot's hush: lists, pipes, groups, `if`, redirects, quotes,
 * `$name`, `${name}`, `$(command)`, whose line is read with the rest. Throws ShellSyntaxError.
 */
export function parseShellLine(line: string): ShellList {
  return parseAt(line, 0);
}

/** `depth` is of what the line stands in. */
function parseAt(line: string, depth: number): ShellList {
  const reader = new Reader(tokensOf(line, depth), depth);
  const list = reader.list([]);
  if (!reader.isAtEnd) throw new ShellSyntaxError('unexpected end of a list');
  return list;
}

class Reader {
  readonly #tokens: readonly Token[];
  #depth: number;
  #at = 0;

  constructor(tokens: readonly Token[], depth: number) {
    this.#tokens = tokens;
    this.#depth = depth;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** Up to one of the words or operators in `ends`, which stays. */
  list(ends: readonly string[]): ShellList {
    if (++this.#depth > DEEPEST) throw new ShellSyntaxError('too much within each other');
    const list: { when: 'always' | 'ok' | 'failed'; pipeline: Pipeline }[] = [];
    let when: 'always' | 'ok' | 'failed' = 'always';
    while (!this.isAtEnd && !this.#isOneOf(ends)) {
      list.push({ when, pipeline: this.#pipeline() });
      if (this.#take('&&')) when = 'ok';
      else if (this.#take('||')) when = 'failed';
      else if (this.#take(';')) when = 'always';
      else break;
    }
    this.#depth -= 1;
    return list;
  }

  #pipeline(): Pipeline {
    const nodes = [this.#command()];
    while (this.#take('|')) nodes.push(this.#command());
    return nodes;
  }

  #command(): ShellNode {
    if (this.#take('(')) {
      const list = this.list([')']);
      this.#need(')');
      return { kind: 'group', list, redirects: this.#redirects() };
    }
    if (this.#take('if')) return this.#if();
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (let token = this.#next(); token; token = this.#next()) {
      if (token.kind === 'word') words.push(token.word);
      else if (/[<>]/.test(token.text)) redirects.push(...this.#redirect(token.text));
      else break;
      this.#at += 1;
    }
    if (words.length === 0 && redirects.length === 0)
      throw new ShellSyntaxError('a command is missing');
    return { kind: 'simple', words, redirects };
  }

  #if(): ShellNode {
    const condition = this.list(['then']);
    this.#need('then');
    const body = this.list(['else', 'fi']);
    const otherwise = this.#take('else') ? this.list(['fi']) : undefined;
    this.#need('fi');
    return { kind: 'if', condition, body, otherwise, redirects: this.#redirects() };
  }

  #redirects(): Redirect[] {
    const redirects: Redirect[] = [];
    for (let token = this.#next(); token?.kind === 'operator'; token = this.#next()) {
      if (!/[<>]/.test(token.text)) break;
      redirects.push(...this.#redirect(token.text));
      this.#at += 1;
    }
    return redirects;
  }

  /** Leaves its target as the token to be passed. */
  #redirect(operator: string): Redirect[] {
    if (operator === '2>&1') return [];
    this.#at += 1;
    const target = this.#next();
    if (target?.kind !== 'word') throw new ShellSyntaxError('a file is missing');
    if (operator.startsWith('2')) return [];
    return [{ operator: operator as Redirect['operator'], target: target.word }];
  }

  #next(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #isOneOf(texts: readonly string[]): boolean {
    const token = this.#next();
    const text = token?.kind === 'operator' ? token.text : token?.bare;
    return text !== undefined && texts.includes(text);
  }

  #take(text: string): boolean {
    const isThere = this.#isOneOf([text]);
    if (isThere) this.#at += 1;
    return isThere;
  }

  #need(text: string): void {
    if (!this.#take(text)) throw new ShellSyntaxError(`${text} is missing`);
  }
}

const OPERATOR = /^(?:2>&1|2>>?|&&|\|\||>>|[;|()<>])/;

function tokensOf(line: string, depth: number): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < line.length;) {
    const rest = line.slice(at);
    const space = /^[ \t]+/.exec(rest)?.[0];
    const operator = OPERATOR.exec(rest)?.[0];
    if (space !== undefined) at += space.length;
    else if (operator !== undefined) {
      tokens.push({ kind: 'operator', text: operator });
      at += operator.length;
    } else {
      const { word, length } = wordAt(rest, depth);
      const raw = rest.slice(0, length);
      tokens.push({ kind: 'word', word, bare: /^[a-z]+$/.test(raw) ? raw : undefined });
      at += length;
    }
  }
  return tokens;
}

function wordAt(text: string, depth: number): { readonly word: Word; readonly length: number } {
  const word: WordPart[] = [];
  let quote: string | undefined;
  let at = 0;
  const add = (more: string): void => {
    const last = word.at(-1);
    if (last?.kind === 'text') word[word.length - 1] = { kind: 'text', text: last.text + more };
    else word.push({ kind: 'text', text: more });
  };
  for (; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote === "'") {
      if (character === quote) quote = undefined;
      else add(character);
    } else if (character === '\\' && at + 1 < text.length) {
      const next = text.charAt(++at);
      add(quote && !/["\\$`]/.test(next) ? `\\${next}` : next);
    } else if (character === '"' || (character === "'" && !quote)) {
      quote = quote === character ? undefined : character;
      add('');
    } else if (character === '$') {
      const part = expansionAt(text.slice(at), quote !== undefined, depth);
      if (part) {
        word.push(part.part);
        at += part.length - 1;
      } else add('$');
    } else if (!quote && /[\s;|&()<>]/.test(character)) break;
    else add(character);
  }
  if (quote !== undefined) throw new ShellSyntaxError('a quote is not closed');
  if (at === 0) throw new ShellSyntaxError(`unexpected ${text.charAt(0)}`);
  return { word, length: at };
}

function expansionAt(
  text: string,
  isQuoted: boolean,
  depth: number,
): { readonly part: WordPart; readonly length: number } | undefined {
  const variable = /^\$(?:\{(\w+|\?)\}|([A-Za-z_]\w*|\?))/.exec(text);
  if (variable) {
    const name = variable[1] ?? variable[2] ?? '';
    return { part: { kind: 'variable', name, isQuoted }, length: variable[0].length };
  }
  if (!text.startsWith('$(')) return undefined;
  let open = 0;
  for (let at = 1; at < text.length; at++) {
    if (text[at] === '(') open += 1;
    if (text[at] === ')') open -= 1;
    if (open === 0) {
      const list = parseAt(text.slice(2, at), depth + 1);
      return { part: { kind: 'command', list, isQuoted }, length: at + 1 };
    }
  }
  throw new ShellSyntaxError(') is missing');
}
