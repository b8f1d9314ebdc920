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

/** Bytes, characters or items that the board has room for in one value. */
const MOST_ITEMS = 16 * 1024;

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

/** As the REPL shows it. A list of lists can stand for more than there is memory: throws PyError. */
export function reprOf(value: PyValue, room = { left: MOST_ITEMS }): string {
  const isLong = typeof value === 'string' || value instanceof Uint8Array;
  room.left -= isLong ? value.length : 1;
  if (room.left < 0) throw noMemory();
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return `'${value.replace(/['\\]/g, String.raw`\$&`)}'`;
  if (typeof value === 'function') return '<function>';
  if (value instanceof Uint8Array) return `b'${[...value].map(byteText).join('')}'`;
  return 'repr' in value ? value.repr : `[${value.map((item) => reprOf(item, room)).join(', ')}]`;
}

function byteText(byte: number): string {
  const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c;
  return isPlain ? String.fromCharCode(byte) : String.raw`\x${byte.toString(16).padStart(2, '0')}`;
}

/** What an `if` makes of it. */
export function isTrue(value: PyValue): boolean {
  if (typeof value === 'string' || value instanceof Uint8Array || Array.isArray(value)) {
    return value.length > 0;
  }
  return Boolean(value);
}

/** The same value, whatever it is. Throws PyError. */
export function isEqual(a: PyValue, b: PyValue): boolean {
  return reprOf(a) === reprOf(b);
}

/** A number alone; nothing else becomes one. Throws PyError. */
export function numberOf(value: PyValue): number {
  if (typeof value === 'number') return value;
  throw new PyError('TypeError: can’t convert to int');
}

/** `item in whole`. Throws PyError. */
export function isIn(item: PyValue, whole: PyValue): boolean {
  if (typeof whole === 'string' && typeof item === 'string') return whole.includes(item);
  return itemsOf(whole).some((one) => isEqual(one, item));
}

/** `a operator b` of numbers, texts and bytes. Throws PyError. */
export function arithmetic(operator: string, a: PyValue, b: PyValue): PyValue {
  if (operator === '+') {
    if (typeof a === 'string' && typeof b === 'string') return fitting(a + b);
    if (a instanceof Uint8Array && b instanceof Uint8Array)
      return fitting(Uint8Array.from(Buffer.concat([a, b])));
  }
  if (operator === '*' && typeof b === 'number') {
    const times = Math.max(0, b);
    if (typeof a === 'string') return roomFor(a.length * times) === 0 ? '' : a.repeat(times);
    if (a instanceof Uint8Array) {
      return Uint8Array.from(
        { length: roomFor(a.length * times) },
        (_, at) => a[at % a.length] ?? 0,
      );
    }
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
      return Math.floor(a / divisor(b));
    case '%':
      return ((a % divisor(b)) + b) % b;
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

function divisor(value: number): number {
  if (value === 0) throw new PyError('ZeroDivisionError: divide by zero');
  return value;
}

/** How many bytes or characters there shall be. Throws PyError where the board has not so many. */
export function roomFor(length: number): number {
  if (!Number.isInteger(length) || length < 0) throw new PyError('ValueError: bad length');
  if (length > MOST_ITEMS) throw noMemory();
  return length;
}

function fitting<T extends string | Uint8Array>(value: T): T {
  roomFor(value.length);
  return value;
}

function noMemory(): PyError {
  return new PyError('MemoryError: memory allocation failed');
}

/** `of.name`: of a module or a file, or a method of texts and bytes. Throws PyError. */
export function attributeOf(of: PyValue, name: string): PyValue {
  if (typeof of === 'object' && of !== null && 'names' in of) {
    const value = Object.hasOwn(of.names, name) ? of.names[name] : undefined;
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
      return (parts = []) => {
        const pieces = itemsOf(parts).filter((part) => part instanceof Uint8Array);
        roomFor(pieces.reduce((length, piece) => length + piece.length, 0));
        return Uint8Array.from(Buffer.concat(pieces));
      };
    }
  }
  if (typeof of === 'string') {
    if (name === 'encode') return () => Uint8Array.from(Buffer.from(of));
    if (name === 'strip') return () => of.trim();
    if (name === 'join') return (parts = []) => fitting(itemsOf(parts).map(textOf).join(of));
    if (name === 'startswith') return (start = '') => of.startsWith(textOf(start));
  }
  return undefined;
}
