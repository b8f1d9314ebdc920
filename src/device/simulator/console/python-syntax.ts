import { PySyntaxError, pythonTokens, unescaped } from './python-tokens.ts';
import type { PyToken } from './python-tokens.ts';

/** An expression of the subset that is simulated. */
export type PyNode =
  | { readonly kind: 'constant'; readonly value: string | number | Uint8Array | boolean | null }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly PyNode[] }
  | { readonly kind: 'attribute'; readonly of: PyNode; readonly name: string }
  | {
      readonly kind: 'index';
      readonly of: PyNode;
      readonly from: PyNode | undefined;
      readonly to: PyNode | 'one' | undefined;
    }
  | { readonly kind: 'call'; readonly callee: PyNode; readonly args: readonly PyArgument[] }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: PyNode;
      readonly right: PyNode;
    }
  | { readonly kind: 'not'; readonly of: PyNode }
  | {
      readonly kind: 'choice';
      readonly condition: PyNode;
      readonly then: PyNode;
      readonly otherwise: PyNode;
    }
  | {
      readonly kind: 'lambda';
      readonly names: readonly string[];
      readonly rest: string | undefined;
      readonly body: PyNode;
    }
  | {
      readonly kind: 'generator';
      readonly body: PyNode;
      readonly name: string;
      readonly over: PyNode;
    };
export interface PyArgument {
  readonly value: PyNode;
  readonly isSpread: boolean;
}
/** A statement of a line. */
export type PyStatement =
  | { readonly kind: 'import'; readonly names: readonly string[] }
  | { readonly kind: 'assign'; readonly name: string; readonly value: PyNode }
  | { readonly kind: 'expression'; readonly value: PyNode };

/** Operators from the loosest to the tightest, below `not`. */
const BINARY: readonly (readonly string[])[] = [
  ['==', '!=', '<', '>', '<=', '>=', 'in', 'not in', 'is', 'is not'],
  ['|'],
  ['^'],
  ['&'],
  ['+', '-'],
  ['*', '//', '%'],
];

const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map([
  ['True', true],
  ['False', false],
  ['None', null],
]);

/** Brackets within each other: the board's stack is small. */
const DEEPEST = 32;

/** Reads a line: imports, assignments to names and expressions, with `;` between. Throws PySyntaxError. */
export function parsePython(line: string): PyStatement[] {
  const reader = new Reader(pythonTokens(line));
  const statements: PyStatement[] = [];
  while (!reader.isAt('end')) {
    statements.push(reader.statement());
    if (!reader.take(';')) break;
  }
  reader.need('end');
  return statements;
}

class Reader {
  readonly #tokens: readonly PyToken[];
  #depth = 0;
  #at = 0;

  constructor(tokens: readonly PyToken[]) {
    this.#tokens = tokens;
  }

  statement(): PyStatement {
    if (this.take('import')) {
      const names = [this.#name()];
      while (this.take(',')) names.push(this.#name());
      return { kind: 'import', names };
    }
    const [name, equals] = [this.#token(), this.#tokens[this.#at + 1]];
    if (name.kind === 'name' && equals?.text === '=' && equals.kind === 'operator') {
      this.#at += 2;
      return { kind: 'assign', name: name.text, value: this.expression() };
    }
    return { kind: 'expression', value: this.expression() };
  }

  expression(): PyNode {
    if (this.take('lambda')) return this.#lambda();
    const then = this.#or();
    if (!this.take('if')) return then;
    const condition = this.#or();
    this.need('else');
    return { kind: 'choice', condition, then, otherwise: this.expression() };
  }

  isAt(text: string): boolean {
    const token = this.#token();
    if (text === 'end') return token.kind === 'end';
    return (token.kind === 'operator' || token.kind === 'name') && token.text === text;
  }

  take(text: string): boolean {
    const isThere = this.isAt(text);
    if (isThere) this.#at += 1;
    return isThere;
  }

  need(text: string): void {
    if (!this.take(text)) throw new PySyntaxError();
  }

  #lambda(): PyNode {
    const names: string[] = [];
    let rest: string | undefined;
    while (!this.take(':')) {
      if (this.take('*')) rest = this.#name();
      else names.push(this.#name());
      if (!this.take(',') && !this.isAt(':')) throw new PySyntaxError();
    }
    return { kind: 'lambda', names, rest, body: this.expression() };
  }

  #or(): PyNode {
    let left = this.#and();
    while (this.take('or')) left = { kind: 'binary', operator: 'or', left, right: this.#and() };
    return left;
  }

  #and(): PyNode {
    let left = this.#not();
    while (this.take('and')) left = { kind: 'binary', operator: 'and', left, right: this.#not() };
    return left;
  }

  #not(): PyNode {
    return this.take('not') ? { kind: 'not', of: this.#not() } : this.#binary(0);
  }

  #binary(level: number): PyNode {
    const operators = BINARY[level];
    if (!operators) return this.#postfix();
    let left = this.#binary(level + 1);
    for (let operator = this.#operator(operators); operator; operator = this.#operator(operators)) {
      left = { kind: 'binary', operator, left, right: this.#binary(level + 1) };
    }
    return left;
  }

  #operator(operators: readonly string[]): string | undefined {
    if (
      operators.includes('not in') &&
      this.isAt('not') &&
      this.#tokens[this.#at + 1]?.text === 'in'
    ) {
      this.#at += 2;
      return 'not in';
    }
    const found = operators.find((operator) => this.take(operator));
    return found === 'is' && this.take('not') ? 'is not' : found;
  }

  /** Whatever stands within something else comes by here. */
  #postfix(): PyNode {
    if (++this.#depth > DEEPEST) throw new PySyntaxError();
    let node = this.#atom();
    for (;;) {
      if (this.take('.')) node = { kind: 'attribute', of: node, name: this.#name() };
      else if (this.take('(')) node = { kind: 'call', callee: node, args: this.#args() };
      else if (this.take('[')) node = this.#index(node);
      else break;
    }
    this.#depth -= 1;
    return node;
  }

  #index(of: PyNode): PyNode {
    const from = this.isAt(':') ? undefined : this.expression();
    if (this.take(']')) return { kind: 'index', of, from, to: 'one' };
    this.need(':');
    const to = this.isAt(']') ? undefined : this.expression();
    this.need(']');
    return { kind: 'index', of, from, to };
  }

  #args(): PyArgument[] {
    const args: PyArgument[] = [];
    while (!this.take(')')) {
      const isSpread = this.take('*');
      const value = this.expression();
      args.push({ value: this.isAt('for') ? this.#generator(value) : value, isSpread });
      if (!this.take(',') && !this.isAt(')')) throw new PySyntaxError();
    }
    return args;
  }

  #generator(body: PyNode): PyNode {
    this.need('for');
    const name = this.#name();
    this.need('in');
    return { kind: 'generator', body, name, over: this.#or() };
  }

  #atom(): PyNode {
    const token = this.#token();
    this.#at += 1;
    switch (token.kind) {
      case 'number':
        return { kind: 'constant', value: Number(token.text) };
      case 'text':
        return { kind: 'constant', value: unescaped(token.text) };
      case 'bytes':
        return {
          kind: 'constant',
          value: Uint8Array.from(Buffer.from(unescaped(token.text), 'latin1')),
        };
      case 'name': {
        const value = CONSTANTS.get(token.text);
        return value === undefined
          ? { kind: 'name', name: token.text }
          : { kind: 'constant', value };
      }
      default:
        return this.#bracketed(token.text);
    }
  }

  #bracketed(open: string): PyNode {
    if (open === '-') {
      const zero = { kind: 'constant', value: 0 } as const;
      return { kind: 'binary', operator: '-', left: zero, right: this.#postfix() };
    }
    if (open === '(') {
      const node = this.expression();
      this.need(')');
      return node;
    }
    if (open !== '[') throw new PySyntaxError();
    const items: PyNode[] = [];
    while (!this.take(']')) {
      const item = this.expression();
      items.push(this.isAt('for') ? this.#generator(item) : item);
      if (!this.take(',') && !this.isAt(']')) throw new PySyntaxError();
    }
    const [only] = items;
    return only?.kind === 'generator' && items.length === 1 ? only : { kind: 'list', items };
  }

  #name(): string {
    const token = this.#token();
    if (token.kind !== 'name') throw new PySyntaxError();
    this.#at += 1;
    return token.text;
  }

  #token(): PyToken {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '' };
  }
}
