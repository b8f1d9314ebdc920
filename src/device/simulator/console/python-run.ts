import type { PyArgument, PyNode, PyStatement } from './python-syntax.ts';

/** A value of the simulated interpreter. `undefined` is never one; `null` is None. */
export type PyValue =
  string | number | boolean | null | Uint8Array | readonly PyValue[] | PyFunction | PyObject;
export type PyFunction = (...args: PyValue[]) => PyValue;
/** A module, a file, a hash: names and what they stand for. */
export interface PyObject {
  readonly names: Readonly<Record<string, PyValue>>;
  readonly repr: string;
}

/** An exception, as the interpreter shows it in the last line of a traceback. */
export class PyError extends Error {}

type Scope = ReadonlyMap<string, PyValue>;

/** Runs statements one after the other; names stay until it is thrown away. */
export class PythonRunner {
  readonly #globals = new Map<string, PyValue>();
  readonly #modules: Readonly<Record<string, PyObject>>;
  readonly #print: (line: string) => void;

  /** `print` takes what an expression statement comes to, as a REPL shows it. */
  constructor(
    builtins: Readonly<Record<string, PyValue>>,
    modules: Readonly<Record<string, PyObject>>,
    print: (line: string) => void,
  ) {
    for (const [name, value] of Object.entries(builtins)) this.#globals.set(name, value);
    this.#modules = modules;
    this.#print = print;
  }

  /** Throws PyError. */
  run(statement: PyStatement): void {
    switch (statement.kind) {
      case 'import':
        for (const name of statement.names) {
          const module = this.#modules[name];
          if (!module) throw new PyError(`ImportError: no module named '${name}'`);
          this.#globals.set(name, module);
        }
        return;
      case 'assign':
        this.#globals.set(statement.name, this.#value(statement.value, new Map()));
        return;
      case 'expression': {
        const value = this.#value(statement.value, new Map());
        if (value !== null) this.#print(reprOf(value));
      }
    }
  }

  #value(node: PyNode, scope: Scope): PyValue {
    switch (node.kind) {
      case 'constant':
        return node.value;
      case 'name': {
        const value = scope.get(node.name) ?? this.#globals.get(node.name);
        if (value === undefined) throw new PyError(`NameError: name '${node.name}' isn't defined`);
        return value;
      }
      case 'list':
        return node.items.map((item) => this.#value(item, scope));
      case 'attribute':
        return attributeOf(this.#value(node.of, scope), node.name);
      case 'index':
        return this.#index(node, scope);
      case 'call': {
        const callee = this.#value(node.callee, scope);
        if (typeof callee !== 'function') throw new PyError('TypeError: object isn’t callable');
        return callee(...this.#args(node.args, scope));
      }
      case 'binary':
        return this.#binary(node, scope);
      case 'not':
        return !isTrue(this.#value(node.of, scope));
      case 'choice':
        return this.#value(
          isTrue(this.#value(node.condition, scope)) ? node.then : node.otherwise,
          scope,
        );
      case 'lambda':
        return (...args) => {
          const inner = new Map(scope);
          node.names.forEach((name, at) => inner.set(name, args[at] ?? null));
          if (node.rest !== undefined) inner.set(node.rest, args.slice(node.names.length));
          return this.#value(node.body, inner);
        };
      case 'generator':
        return itemsOf(this.#value(node.over, scope)).map((item) =>
          this.#value(node.body, new Map([...scope, [node.name, item]])),
        );
    }
  }

  #args(args: readonly PyArgument[], scope: Scope): PyValue[] {
    return args.flatMap(({ value, isSpread }) => {
      const given = this.#value(value, scope);
      return isSpread ? itemsOf(given) : [given];
    });
  }

  #index({ of, from, to }: Extract<PyNode, { kind: 'index' }>, scope: Scope): PyValue {
    const whole = this.#value(of, scope);
    const start = from === undefined ? 0 : Number(this.#value(from, scope));
    if (to === 'one') {
      const item = itemsOf(whole).at(start);
      if (item === undefined) throw new PyError('IndexError: index out of range');
      return item;
    }
    const end = to === undefined ? undefined : Number(this.#value(to, scope));
    if (typeof whole === 'string') return whole.slice(start, end);
    if (whole instanceof Uint8Array) return whole.slice(start, end);
    return itemsOf(whole).slice(start, end);
  }

  #binary({ operator, left, right }: Extract<PyNode, { kind: 'binary' }>, scope: Scope): PyValue {
    const a = this.#value(left, scope);
    if (operator === 'and') return isTrue(a) ? this.#value(right, scope) : a;
    if (operator === 'or') return isTrue(a) ? a : this.#value(right, scope);
    const b = this.#value(right, scope);
    switch (operator) {
      case '==':
      case 'is':
        return reprOf(a) === reprOf(b);
      case '!=':
      case 'is not':
        return reprOf(a) !== reprOf(b);
      case 'in':
        return isIn(a, b);
      case 'not in':
        return !isIn(a, b);
      default:
        return arithmetic(operator, a, b);
    }
  }
}

/** As `print` writes it. */
export function textOf(value: PyValue): string {
  return typeof value === 'string' ? value : reprOf(value);
}

/** The items that a `for` goes over. Throws PyError. */
export function itemsOf(value: PyValue): PyValue[] {
  if (typeof value === 'string') return [...value];
  if (value instanceof Uint8Array || Array.isArray(value)) return [...(value as Iterable<PyValue>)];
  throw new PyError('TypeError: object isn’t iterable');
}

function reprOf(value: PyValue): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return `'${value.replace(/['\\]/g, String.raw`\$&`)}'`;
  if (typeof value === 'function') return '<function>';
  if (value instanceof Uint8Array) return `b'${[...value].map(byteText).join('')}'`;
  return 'repr' in value ? value.repr : `[${value.map(reprOf).join(', ')}]`;
}

function byteText(byte: number): string {
  const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c;
  return isPlain ? String.fromCharCode(byte) : String.raw`\x${byte.toString(16).padStart(2, '0')}`;
}

function isTrue(value: PyValue): boolean {
  if (typeof value === 'string' || value instanceof Uint8Array || Array.isArray(value)) {
    return value.length > 0;
  }
  return Boolean(value);
}

function isIn(item: PyValue, whole: PyValue): boolean {
  if (typeof whole === 'string' && typeof item === 'string') return whole.includes(item);
  return itemsOf(whole).some((one) => reprOf(one) === reprOf(item));
}

function arithmetic(operator: string, a: PyValue, b: PyValue): PyValue {
  if (operator === '+') {
    if (typeof a === 'string' && typeof b === 'string') return a + b;
    if (a instanceof Uint8Array && b instanceof Uint8Array) return Uint8Array.of(...a, ...b);
  }
  if (operator === '*' && typeof b === 'number') {
    if (typeof a === 'string') return a.repeat(b);
    if (a instanceof Uint8Array)
      return Uint8Array.from({ length: a.length * b }, (_, at) => a[at % a.length] ?? 0);
  }
  if (typeof a !== 'number' || typeof b !== 'number') {
    throw new PyError(`TypeError: unsupported types for ${operator}`);
  }
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '//':
      return Math.floor(a / b);
    case '%':
      return ((a % b) + b) % b;
    case '^':
      return a ^ b;
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    default:
      return a >= b;
  }
}

function attributeOf(of: PyValue, name: string): PyValue {
  if (typeof of === 'object' && of !== null && 'names' in of) {
    const value = of.names[name];
    if (value !== undefined) return value;
  }
  const method = methodOf(of, name);
  if (method) return method;
  throw new PyError(`AttributeError: no attribute '${name}'`);
}

function methodOf(of: PyValue, name: string): PyFunction | undefined {
  if (of instanceof Uint8Array) {
    if (name === 'decode') return () => Buffer.from(of).toString('utf8');
    if (name === 'hex') return () => Buffer.from(of).toString('hex');
    if (name === 'join') {
      return (parts = []) =>
        Uint8Array.from(Buffer.concat(itemsOf(parts).filter((part) => part instanceof Uint8Array)));
    }
  }
  if (typeof of === 'string') {
    if (name === 'encode') return () => Uint8Array.from(Buffer.from(of));
    if (name === 'strip') return () => of.trim();
    if (name === 'join') return (parts = []) => itemsOf(parts).map(textOf).join(of);
    if (name === 'startswith') return (start = '') => of.startsWith(textOf(start));
  }
  return undefined;
}
