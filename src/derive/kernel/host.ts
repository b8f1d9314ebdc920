import { labelled } from '../../kernel/hkdf.ts';
import type { Secret } from '../../kernel/secret.ts';
import { endpointPrefix } from '../../model/hierarchy.ts';
import type { ProvisioningKey } from '../../model/ids.ts';
import { BLOCK_UNITS, blockOf, rangeEnd } from '../../model/range.ts';
import type { Range } from '../../model/range.ts';
import type { RowPart } from '../../model/row-template.ts';
import { compileKernel } from './module.ts';
import { layOut, STEP_BYTES } from './plan.ts';
import type { RowLayout } from './plan.ts';

/** What the module exports: see assembly/index.ts. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly INPUT: WebAssembly.Global;
  readonly STEPS: WebAssembly.Global;
  readonly ROWS: WebAssembly.Global;
  readonly ROWS_BYTES: WebAssembly.Global;
  start(): void;
  setKey(): void;
  setPrefix(): void;
  render(first: number, count: number, stride: number, steps: number, needs: number): void;
  expand(labelLength: number, first: number, count: number, length: number): void;
  commit(from: number, count: number, length: number): void;
}

/** Rows that the kernel can make; from `Kernel.compileRows`. */
export interface RowProgram {
  readonly parts: readonly RowPart[];
}

/** The digits of an index below 2^48. */
const INDEX_DIGITS = 15;
/** Two blocks of SHA-256 without padding. */
const COMMITTED_LIMIT = 119;
const LABEL_LIMIT = 64;

/**
 * The WebAssembly kernel: `keyline/v1` for scheme psk as rows of text, and the part of the other
 * schemes that is hashing. An instance belongs to one thread and holds one block's secret at a time.
 */
export class Kernel implements Disposable {
  readonly #exports: Exports;
  readonly #memory: Uint8Array;
  readonly #rows: number;
  readonly #rowsBytes: number;
  #hasKey = false;
  #hasPrefix = false;
  #block: number | undefined;
  #laidOut: { program: RowProgram; digits: number; layout: RowLayout } | undefined;

  private constructor(exports: Exports) {
    this.#exports = exports;
    // The module's memory has a fixed size, so this view is never detached.
    this.#memory = new Uint8Array(exports.memory.buffer);
    this.#rows = exports.ROWS.value;
    this.#rowsBytes = exports.ROWS_BYTES.value;
    exports.start();
  }

  /** An instance of its own, or undefined where `kernelState()` is not `ready`. */
  static load(module: WebAssembly.Module | undefined = compileKernel()): Kernel | undefined {
    return module && new Kernel(new WebAssembly.Instance(module, {}).exports as Exports);
  }

  /** What every endpoint key binds. */
  setProvisioningKey(provisioningKey: ProvisioningKey): void {
    this.#memory.set(endpointPrefix(provisioningKey), this.#exports.INPUT.value);
    this.#exports.setPrefix();
    this.#hasPrefix = true;
  }

  /** 32 bytes; the secret stays the caller's. The next call's units say which block it is. */
  setBlock(blockSecret: Secret): void {
    blockSecret.use((bytes) => {
      if (bytes.length !== 32) throw new RangeError(`a block secret of ${bytes.length} bytes`);
      this.#memory.set(bytes, this.#exports.INPUT.value);
    });
    this.#exports.setKey();
    this.#hasKey = true;
    this.#block = undefined;
  }

  /** Undefined where a part is nothing that the kernel makes: public keys, certificates, PEM. */
  compileRows(parts: readonly RowPart[]): RowProgram | undefined {
    const widest = layOut(parts, INDEX_DIGITS);
    return widest && widest.row.length <= this.#rowsBytes ? { parts } : undefined;
  }

  /**
   * How many rows of the range's beginning one call of `renderRows` makes: up to the end of the block,
   * of the indexes with as many digits (so that all have one width) and of the memory for rows.
   */
  span(program: RowProgram, range: Range): number {
    const { from, count } = range;
    const { row } = this.#layOut(program, from);
    return Math.min(
      count,
      BLOCK_UNITS - (from % BLOCK_UNITS),
      10 ** digitsOf(from) - from,
      Math.floor(this.#rowsBytes / row.length),
    );
  }

  /**
   * Rows of units of the block that is set, at most `span` of them. The array is a view of the
   * kernel's memory: lent until the next call, and not to be written to.
   */
  renderRows(program: RowProgram, range: Range): Uint8Array {
    if (!this.#hasPrefix) throw new Error('no provisioning key is set');
    this.#expectInBlock(range);
    if (range.count > this.span(program, range)) throw new RangeError('more rows than a span');
    const { row, steps, needs } = this.#layOut(program, range.from);
    this.#exports.render(range.from, range.count, row.length, steps.length / STEP_BYTES, needs);
    return this.#memory.subarray(this.#rows, this.#rows + range.count * row.length);
  }

  /**
   * For each index of `range`, all of the block set, Expand(label || 00 || u64(index)); packed into
   * `out`, which holds range.count values of at most 64 bytes.
   */
  expand(label: string, range: Range, out: Uint8Array): void {
    this.#expectInBlock(range);
    const info = labelled(label);
    const sizeBytes = out.length / range.count;
    if (!Number.isInteger(sizeBytes) || sizeBytes > 64 || info.length > LABEL_LIMIT) {
      throw new RangeError(`cannot expand ${label} to ${sizeBytes} bytes`);
    }
    this.#laidOut = undefined;
    this.#memory.set(info, this.#exports.INPUT.value);
    this.#exports.expand(info.length, range.from, range.count, sizeBytes);
    this.#take(out);
  }

  /**
   * Endpoint keys of packed committed values of one size, at most 119 bytes, packed into `out`, 16
   * bytes each.
   */
  commit(committed: Uint8Array, out: Uint8Array): void {
    if (!this.#hasPrefix) throw new Error('no provisioning key is set');
    const count = out.length / 16;
    const sizeBytes = committed.length / count;
    const limit = this.#rowsBytes / 2;
    const isWhole = Number.isInteger(count) && Number.isInteger(sizeBytes);
    if (!isWhole || sizeBytes > COMMITTED_LIMIT || committed.length > limit) {
      throw new RangeError(`cannot commit to ${committed.length} bytes as ${count} values`);
    }
    this.#laidOut = undefined;
    const from = this.#rows + limit;
    this.#memory.set(committed, from);
    this.#exports.commit(from, count, sizeBytes);
    this.#memory.fill(0, from, from + committed.length);
    this.#take(out);
  }

  /** Zeroes everything that came from a key. Before the next use, set key and block again. */
  wipe(): void {
    this.#memory.fill(0, this.#exports.INPUT.value, this.#exports.STEPS.value);
    this.#memory.fill(0, this.#rows);
    this.#hasKey = false;
    this.#hasPrefix = false;
    this.#block = undefined;
    this.#laidOut = undefined;
    this.#exports.start();
  }

  [Symbol.dispose](): void {
    this.wipe();
  }

  /** Literals are written into the rows once for a program and width; rendering leaves them there. */
  #layOut(program: RowProgram, firstIndex: number): RowLayout {
    const digits = digitsOf(firstIndex);
    if (this.#laidOut?.program === program && this.#laidOut.digits === digits) {
      return this.#laidOut.layout;
    }
    const layout = layOut(program.parts, digits);
    if (!layout) throw new Error('these rows were not compiled for the kernel');
    const { row, steps } = layout;
    const count = Math.min(BLOCK_UNITS, Math.floor(this.#rowsBytes / row.length));
    const all = this.#memory.subarray(this.#rows, this.#rows + count * row.length);
    all.set(row);
    for (let done = row.length; done < all.length; done *= 2) all.copyWithin(done, 0, done);
    this.#memory.set(steps, this.#exports.STEPS.value);
    this.#laidOut = { program, digits, layout };
    return layout;
  }

  /** Results are copied out and wiped here: their caller's array is the only one left. */
  #take(out: Uint8Array): void {
    const results = this.#memory.subarray(this.#rows, this.#rows + out.length);
    out.set(results);
    results.fill(0);
  }

  /** A block's secret gives values for any index; those outside the block would be nobody's. */
  #expectInBlock(range: Range): void {
    if (!this.#hasKey) throw new Error('no block is set');
    const block = this.#block ?? blockOf(range.from);
    if (
      range.count < 1 ||
      blockOf(range.from) !== block ||
      blockOf(rangeEnd(range) - 1) !== block
    ) {
      throw new RangeError('the units are not all in the block that is set');
    }
    this.#block = block;
  }
}

function digitsOf(index: number): number {
  return String(index).length;
}
