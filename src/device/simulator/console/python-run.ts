import type { PyArgument, PyNode, PyStatement } from './python-syntax.ts';
import {
  arithmetic,
  attributeOf,
  isEqual,
  isIn,
  isTrue,
  itemsOf,
  numberOf,
  PyError,
  reprOf,
  roomFor,
} from './python-values.ts';
import type { PyObject, PyValue } from './python-values.ts';

type Scope = ReadonlyMap<string, PyValue>;

/** What the board's stack takes, and how long its watchdog lets a line run. */
const DEEPEST = 200;
const MOST_STEPS = 200_000;

/** Runs statements one after the other; names stay until it is thrown away. */
export class PythonRunner {
  readonly #globals = new Map<string, PyValue>();
  readonly #modules: Readonly<Record<string, PyObject>>;
  readonly #print: (line: string) => void;
  #depth = 0;
  #steps = 0;

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
    this.#depth = 0;
    this.#steps = 0;
    switch (statement.kind) {
      case 'import':
        for (const name of statement.names) {
          const module = Object.hasOwn(this.#modules, name) ? this.#modules[name] : undefined;
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
    if (++this.#depth > DEEPEST || ++this.#steps > MOST_STEPS) {
      throw new PyError('RuntimeError: maximum recursion depth exceeded');
    }
    const value = this.#valueOf(node, scope);
    this.#depth -= 1;
    return value;
  }

  #valueOf(node: PyNode, scope: Scope): PyValue {
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
    const given = args.flatMap(({ value, isSpread }) => {
      const one = this.#value(value, scope);
      return isSpread ? itemsOf(one) : [one];
    });
    roomFor(given.length);
    return given;
  }

  #index({ of, from, to }: Extract<PyNode, { kind: 'index' }>, scope: Scope): PyValue {
    const whole = this.#value(of, scope);
    const start = from === undefined ? 0 : numberOf(this.#value(from, scope));
    if (to === 'one') {
      const item = itemsOf(whole).at(start);
      if (item === undefined) throw new PyError('IndexError: index out of range');
      return item;
    }
    const end = to === undefined ? undefined : numberOf(this.#value(to, scope));
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
        return isEqual(a, b);
      case '!=':
      case 'is not':
        return !isEqual(a, b);
      case 'in':
        return isIn(a, b);
      case 'not in':
        return !isIn(a, b);
      default:
        return arithmetic(operator, a, b);
    }
  }
}
