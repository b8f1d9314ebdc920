/**
 * Writes one SHA-256 compression (FIPS 180-4 section 6.2.2) over four messages at a time as
 * AssemblyScript text, specialised to what is known beforehand. A value is known when the kernel is
 * built (`fixed`), once for many calls (`uniform`, the same in all four lanes) or only at the call
 * (`lane`). What needs no lane value moves into a prepare function, which leaves one u32 for each
 * sum that the hot function then adds at once. The inner HMAC block of a psk secret has one lane
 * word of sixteen: rounds 0 to 7, fifteen message words and a third of the schedule cost it nothing.
 *
 * Fully unrolled with message words in locals: 15.8 M compressions/s, against 15.0 M as a loop of
 * sixteen rounds and 14.2 M with the schedule in memory.
 */

/** How well a message word or a state word is known. A number is fixed. */
export type Known = number | 'uniform' | 'lane';

/** What is known of one compression's input. */
export interface Pattern {
  /** The functions are `prepare<name>(state, words, slots)` and `compress<name>(slots, [state,] words, out)`. */
  readonly name: string;
  /** 16 message words; lane words are read as v128 at `words + 16 × position`. */
  readonly words: readonly Known[];
  /** Whether the chaining value is the same in all lanes. */
  readonly state: 'uniform' | 'lane';
}

type Value =
  | { readonly known: 'fixed'; readonly number: number }
  | { readonly known: 'uniform' | 'lane'; readonly name: string };

/** A sum not yet written: what is fixed, and the addends still to add. */
interface Sum {
  readonly fixed: number;
  readonly uniform: readonly string[];
  readonly lane: readonly string[];
}

/** FIPS 180-4 section 4.2.2: the first 32 bits of the fractional parts of the primes' cube roots. */
const ROUND_CONSTANTS = primes(64).map((prime) => fraction(Math.cbrt(prime)));

/** Rotations, and a last shift for the small functions: FIPS 180-4 section 4.1.2. */
const SIGMA = {
  S0: { rotations: [2, 13, 22], shift: 0 },
  S1: { rotations: [6, 11, 25], shift: 0 },
  s0: { rotations: [7, 18], shift: 3 },
  s1: { rotations: [17, 19], shift: 10 },
} as const;

/** AssemblyScript text of both functions of a pattern. `slotsBytes` is what prepare writes. */
export function specialise(pattern: Pattern): {
  readonly text: string;
  readonly slotsBytes: number;
} {
  const writer = new Writer();
  const state = Array.from({ length: 8 }, (_, at) => writer.input(pattern.state, 'state', at));
  const words = pattern.words.map((known, at) =>
    typeof known === 'number' ? fixed(known) : writer.input(known, 'words', at),
  );
  rounds(writer, state, words).forEach((value, position) => {
    writer.output(writer.add(sum(at(state, position), value)), position);
  });
  return { text: writer.text(pattern), slotsBytes: writer.slotsBytes };
}

/**
 * FIPS 180-4 section 6.2.2 step 3. Each word of the schedule is made just before its round: the
 * engine keeps loads in the order of the text, and what is loaded early has to be held.
 */
function rounds(writer: Writer, state: readonly Value[], words: Value[]): Value[] {
  let [a, b, c, d, e, f, g, h] = state as [Value, Value, Value, Value, Value, Value, Value, Value];
  let bc = writer.xor(b, c);
  ROUND_CONSTANTS.forEach((constant, t) => {
    if (t >= 16) words.push(scheduled(writer, words, t));
    const first = writer.pending(
      sum(h, fixed(constant), at(words, t)),
      sum(writer.choose(e, f, g), writer.sigma('S1', e)),
    );
    // maj(a, b, c) = b ^ ((a ^ b) & (b ^ c)), and a ^ b is the next round's b ^ c.
    const ab = writer.xor(a, b);
    const majority = writer.xor(b, writer.and(ab, bc));
    const next = writer.add(first, sum(majority), sum(writer.sigma('S0', a)));
    [h, g, f, e, d, c, b, a, bc] = [g, f, e, writer.add(sum(d), first), c, b, a, next, ab];
  });
  return [a, b, c, d, e, f, g, h];
}

/** FIPS 180-4 section 6.2.2 step 1. */
function scheduled(writer: Writer, words: readonly Value[], t: number): Value {
  return writer.add(
    sum(at(words, t - 16), at(words, t - 7)),
    sum(writer.sigma('s0', at(words, t - 15)), writer.sigma('s1', at(words, t - 2))),
  );
}

/** Collects the two functions' statements. */
class Writer {
  readonly #prepare: string[] = [];
  readonly #compress: string[] = [];
  readonly #slots = new Map<string, number>();
  #names = 0;

  get slotsBytes(): number {
    return this.#slots.size * 4;
  }

  input(known: 'uniform' | 'lane', pointer: string, position: number): Value {
    return known === 'uniform'
      ? this.#uniform(`load<u32>(${pointer}, ${4 * position})`)
      : this.#lane(`v128.load(${pointer}, ${16 * position})`);
  }

  output(value: Value, position: number): void {
    this.#compress.push(`v128.store(out, ${this.#asLane(value)}, ${16 * position});`);
  }

  /** The sum as a value: everything that is not lane is one slot, added first. */
  add(...sums: readonly Sum[]): Value {
    const { fixed: number, uniform, lane } = join(sums);
    if (uniform.length === 0 && lane.length === 0) return fixed(number);
    const constant = number === 0 ? [] : [unsigned(number)];
    const scalar = [...uniform, ...constant].join(' + ');
    if (lane.length === 0) return this.#uniform(scalar);
    const addends = [...lane];
    if (scalar !== '') addends.splice(1, 0, this.#slot(scalar));
    return this.#lane(addends.reduce((left, right) => `i32x4.add(${left}, ${right})`));
  }

  /** As `add`, but left open while a single lane addend makes adding twice as cheap as adding once. */
  pending(...sums: readonly Sum[]): Sum {
    const joined = join(sums);
    return joined.lane.length <= 1 ? joined : sum(this.add(joined));
  }

  xor(x: Value, y: Value): Value {
    return this.#combine(x, y, '^', 'xor');
  }

  and(x: Value, y: Value): Value {
    return this.#combine(x, y, '&', 'and');
  }

  /** ch(e, f, g) = (e & f) ^ (~e & g). */
  choose(e: Value, f: Value, g: Value): Value {
    if (e.known !== 'lane') return this.xor(g, this.and(e, this.xor(f, g)));
    return this.#lane(`v128.bitselect(${this.#asLane(f)}, ${this.#asLane(g)}, ${this.#asLane(e)})`);
  }

  /** The shifts are xored one after the other: as a tree they would all be held in registers at once. */
  sigma(which: keyof typeof SIGMA, x: Value): Value {
    const { rotations, shift } = SIGMA[which];
    if (x.known === 'fixed') {
      const parts = rotations.map((by) => (x.number >>> by) | (x.number << (32 - by)));
      return fixed(parts.reduce((left, right) => left ^ right, shift ? x.number >>> shift : 0));
    }
    if (x.known === 'uniform') {
      const parts = rotations.map((by) => `rotr<u32>(${x.name}, ${by})`);
      if (shift) parts.push(`(${x.name} >>> ${shift})`);
      return this.#uniform(parts.join(' ^ '));
    }
    const parts = rotations.flatMap((by) => [
      `i32x4.shr_u(${x.name}, ${by})`,
      `i32x4.shl(${x.name}, ${32 - by})`,
    ]);
    if (shift) parts.push(`i32x4.shr_u(${x.name}, ${shift})`);
    return this.#lane(parts.reduce((left, right) => `v128.xor(${left}, ${right})`));
  }

  text({ name, state }: Pattern): string {
    const fill = [...this.#slots].map(([scalar, slot]) => `store<u32>(slots, ${scalar}, ${slot});`);
    const lanes = state === 'lane' ? 'state: usize, ' : '';
    return [
      `export function prepare${name}(state: usize, words: usize, slots: usize): void {`,
      ...this.#prepare,
      ...fill,
      '}',
      `export function compress${name}(slots: usize, ${lanes}words: usize, out: usize): void {`,
      ...this.#compress,
      '}',
      '',
    ].join('\n');
  }

  #combine(x: Value, y: Value, operator: '^' | '&', lane: 'xor' | 'and'): Value {
    if (x.known === 'lane' || y.known === 'lane') {
      return this.#lane(`v128.${lane}(${this.#asLane(x)}, ${this.#asLane(y)})`);
    }
    return this.#uniform(`${scalarText(x)} ${operator} ${scalarText(y)}`);
  }

  #uniform(scalar: string): Value {
    const name = `uniform${this.#names++}`;
    this.#prepare.push(`const ${name}: u32 = ${scalar};`);
    return { known: 'uniform', name };
  }

  #lane(vector: string): Value {
    const name = `lane${this.#names++}`;
    this.#compress.push(`const ${name} = ${vector};`);
    return { known: 'lane', name };
  }

  #asLane(value: Value): string {
    return value.known === 'lane' ? value.name : this.#slot(scalarText(value));
  }

  /** A load with a splat is one micro-operation; a vector literal would be three. */
  #slot(scalar: string): string {
    const slot = this.#slots.get(scalar) ?? this.#slots.size * 4;
    this.#slots.set(scalar, slot);
    return `v128.load32_splat(slots, ${slot})`;
  }
}

function fixed(number: number): Value {
  return { known: 'fixed', number: number >>> 0 };
}

function sum(...values: readonly Value[]): Sum {
  return {
    fixed: values.reduce((total, value) => total + (value.known === 'fixed' ? value.number : 0), 0),
    uniform: values.flatMap((value) => (value.known === 'uniform' ? [value.name] : [])),
    lane: values.flatMap((value) => (value.known === 'lane' ? [value.name] : [])),
  };
}

function join(sums: readonly Sum[]): Sum {
  return {
    fixed: sums.reduce((total, part) => total + part.fixed, 0) >>> 0,
    uniform: sums.flatMap((part) => part.uniform),
    lane: sums.flatMap((part) => part.lane),
  };
}

function scalarText(value: Value): string {
  return value.known === 'fixed' ? unsigned(value.number) : value.name;
}

function unsigned(number: number): string {
  return `0x${(number >>> 0).toString(16)}`;
}

function at(values: readonly Value[], position: number): Value {
  const value = values[position];
  if (!value) throw new RangeError(`no value at ${position}`);
  return value;
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime)) found.push(n);
  return found;
}

function fraction(root: number): number {
  return Math.floor((root - Math.floor(root)) * 2 ** 32);
}
