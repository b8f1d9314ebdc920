import { randomBytes } from 'node:crypto';
import { concat } from '../kernel/bytes.ts';
import type { Secret } from '../kernel/secret.ts';
import { formsOf, plainByte } from './secret-forms.ts';

/** What stands for a run of masked bytes. */
const MASK = Buffer.from('[secret]');
/** Characters of a text that give a secret away, and bytes of a raw value: 41 and 48 bits. */
const TEXT_RUN = 8;
const RAW_RUN = 6;
/** So many bytes without a letter or digit end a text: nothing is held back for longer. */
const LONGEST_GAP = 64;

/**
 * The secrets that are masked, as keyed fingerprints of every short run of each of their forms. A run
 * is enough: of a secret that is cut, wrapped, or echoed with bytes missing, all but what is shorter
 * than a run is found.
 */
export class MaskedSecrets implements Disposable {
  readonly #key = randomBytes(4).readInt32LE();
  readonly #text = new Map<number, Set<number>>();
  readonly #raw = new Map<number, Set<number>>();

  /** Masks this secret from now on; the secret stays the caller's. One shorter than four bytes is not masked. */
  add(secret: Secret): void {
    const forms = formsOf(secret);
    for (const form of forms.text) this.#index(this.#text, form, TEXT_RUN);
    for (const form of forms.raw) this.#index(this.#raw, form, RAW_RUN);
    for (const form of [...forms.text, ...forms.raw]) form.fill(0);
  }

  /** How many of the last bytes of a text, reduced, end a secret's run. */
  textRun(bytes: readonly number[]): number {
    return this.#longest(this.#text, bytes);
  }

  /** How many of the last raw bytes end a secret's run. */
  rawRun(bytes: readonly number[]): number {
    return this.#longest(this.#raw, bytes);
  }

  [Symbol.dispose](): void {
    this.#text.clear();
    this.#raw.clear();
  }

  #index(runs: Map<number, Set<number>>, form: Uint8Array, most: number): void {
    if (form.length === 0) return;
    const length = Math.min(most, form.length);
    const known = runs.get(length) ?? new Set<number>();
    runs.set(length, known);
    for (let end = length; end <= form.length; end++) known.add(this.#print(form, end, length));
  }

  #longest(runs: ReadonlyMap<number, ReadonlySet<number>>, bytes: readonly number[]): number {
    let longest = 0;
    for (const [length, known] of runs) {
      if (length <= longest || length > bytes.length) continue;
      if (known.has(this.#print(bytes, bytes.length, length))) longest = length;
    }
    return longest;
  }

  /** 32 bits of a run: one byte in millions is masked without need, and no secret lies in memory. */
  #print(bytes: ArrayLike<number>, end: number, length: number): number {
    let hash = this.#key;
    for (let at = end - length; at < end; at++) {
      hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash;
  }
}

/** Characters of base64 that `plainText` leaves out: masked where they stand inside a secret. */
const JOINTS = new Set(Buffer.from('+/-_'));
/** Input is taken in pieces of this size, so that what is held stays small. */
const PIECE_BYTES = 4096;

/** Masks one stream of bytes, wherever its chunks are cut. */
export class SecretMask {
  readonly #secrets: MaskedSecrets;
  /** Bytes that are not given out, from `#first` on in the stream, and whether each is masked. */
  #bytes: number[] = [];
  #isMasked: boolean[] = [];
  #first = 0;
  /** The last letters and digits as `plainText` keeps them, and the place of each in the stream. */
  #text: number[] = [];
  #places: number[] = [];
  #raw: number[] = [];
  #isInRun = false;

  constructor(secrets: MaskedSecrets) {
    this.#secrets = secrets;
  }

  /** Returns what is decided with this chunk; the last bytes stay until more comes or `flush`. */
  push(chunk: Uint8Array): Uint8Array {
    const given: Uint8Array[] = [];
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      for (const byte of chunk.subarray(at, at + PIECE_BYTES)) this.#see(byte);
      const undecided = this.#places.at(1 - TEXT_RUN) ?? this.#places[0] ?? Infinity;
      const end = this.#first + this.#bytes.length - RAW_RUN + 1;
      given.push(this.#giveUntil(Math.min(undecided, end)));
    }
    return concat(...given);
  }

  /** Returns the rest: a secret that goes on after this may show its first seven characters. */
  flush(): Uint8Array {
    return this.#giveUntil(this.#first + this.#bytes.length);
  }

  #see(byte: number): void {
    const place = this.#first + this.#bytes.length;
    this.#bytes.push(byte);
    this.#isMasked.push(false);
    this.#raw.push(byte);
    if (this.#raw.length > RAW_RUN) this.#raw.shift();
    this.#mask(place - this.#secrets.rawRun(this.#raw) + 1, () => true);
    const kept = plainByte(byte);
    if (kept === 0) {
      if (place - (this.#places.at(-1) ?? place) > LONGEST_GAP) this.#text = this.#places = [];
      return;
    }
    this.#text.push(kept);
    this.#places.push(place);
    if (this.#text.length > TEXT_RUN) {
      this.#text.shift();
      this.#places.shift();
    }
    const run = this.#secrets.textRun(this.#text);
    // Line ends and framing inside a secret stay to be seen.
    if (run > 0) this.#mask(this.#places.at(-run) ?? place, isTextOrJoint);
  }

  /** Masks what is not given out yet from a place on, as far as it `isPart`. */
  #mask(from: number, isPart: (byte: number) => boolean): void {
    for (let at = Math.max(0, from - this.#first); at < this.#bytes.length; at++) {
      if (isPart(this.#bytes[at] ?? 0)) this.#isMasked[at] = true;
    }
  }

  #giveUntil(place: number): Uint8Array {
    const count = Math.max(0, place - this.#first);
    const given: number[] = [];
    const isMasked = this.#isMasked.splice(0, count);
    this.#bytes.splice(0, count).forEach((byte, at) => {
      const hides = isMasked[at] ?? false;
      if (!hides) given.push(byte);
      else if (!this.#isInRun) given.push(...MASK);
      this.#isInRun = hides;
    });
    this.#first += count;
    return Uint8Array.from(given);
  }
}

function isTextOrJoint(byte: number): boolean {
  return plainByte(byte) !== 0 || JOINTS.has(byte);
}
