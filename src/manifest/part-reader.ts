import { toHex } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { parseCsvRow } from './csv-row.ts';
import { parseJsonRow } from './json-row.ts';
import { wholeRows } from './row-ends.ts';
import { countRows, splitRows } from './row-reader.ts';
import { decodeValue } from './value-formats.ts';
import { builtHeader, builtLabel, parseBuiltPlan } from '../model/built-columns.ts';
import type { BuiltPlan } from '../model/built-columns.ts';
import { COLUMNS, isSecret } from '../model/columns.ts';
import type { ColumnChoice, ColumnName } from '../model/columns.ts';
import { isPlainText } from '../model/device-row.ts';
import type { DeviceRow, RowProblem } from '../model/device-row.ts';
import { endpointKeyOf } from '../model/ids.ts';
import type { Lot } from '../model/lot.ts';
import { rangeEnd } from '../model/range.ts';
import { parseSerialTemplate, renderSerial } from '../model/serial-template.ts';
import type { ManifestSeal } from '../seals/manifest-seal.ts';

/** A row that can be registered, or why not. */
export type ReadRow = DeviceRow | RowProblem;

const NEEDED: readonly ColumnName[] = ['index', 'serial', 'endpoint_key'];
const CAPTURE = 'capture.';
/** Hardware ids and captures; a ledger's are shorter. */
const LONGEST_TEXT = 1_024;

/** The columns that a seal names. Throws `invalid-columns` unless a registry can use them, `secret-columns`. */
export function planUpload(seal: ManifestSeal, lot: Lot): BuiltPlan {
  const plan = parseBuiltPlan(seal.columns, seal.format, lot.scheme);
  const secret = plan.derived.filter(isSecret).map(({ name }) => name);
  if (secret.length > 0) {
    throw new KeylineError('secret-columns', {
      message: `${secret.join(', ')} would let secrets leave the factory`,
      hint: 'Write the manifest again with public columns only; a registry takes no secrets.',
      facts: { columns: secret },
    });
  }
  const missing = NEEDED.filter((name) => !plan.derived.some((choice) => choice.name === name));
  if (missing.length > 0) {
    throw new KeylineError('invalid-columns', {
      message: `the manifest has no ${missing.join(', ')}`,
      hint: 'Write the manifest again with the usual columns.',
      facts: { columns: missing },
    });
  }
  return plan;
}

/** Read at once, some 3 ms in which a thread does nothing else. */
const STEP_ROWS = 1_024;
const STEP_BYTES = 1024 * 1024;

/** Reads the chunks of one sealed manifest, whose bytes are known to be those of the seal. */
export class PartReader {
  readonly #plan: BuiltPlan;
  readonly #seal: ManifestSeal;
  readonly #lot: Lot;
  readonly #labels: string;
  readonly #serials: ReturnType<typeof parseSerialTemplate>;

  constructor(seal: ManifestSeal, lot: Lot) {
    this.#plan = planUpload(seal, lot);
    this.#seal = seal;
    this.#lot = lot;
    const { derived, built, format } = this.#plan;
    this.#labels = [
      ...derived.map(({ name }) => COLUMNS[name].json),
      ...built.map((name) => builtLabel(name, format)),
    ].join();
    this.#serials = parseSerialTemplate(lot.serialTemplate);
  }

  /** The rows of chunk `n` in their order. */
  read(n: number, bytes: Uint8Array): ReadRow[] {
    return [...this.steps(n, bytes)].flat();
  }

  /** The rows of chunk `n` in their order, 1,024 at a time, so that they are never all in memory. */
  *steps(n: number, bytes: Uint8Array): Generator<ReadRow[]> {
    let rest = this.#withoutHeader(n, bytes);
    while (rest.length > 0) {
      const { end } = wholeRows(rest.subarray(0, STEP_BYTES), STEP_ROWS, this.#plan.format);
      const step = end > 0 ? rest.subarray(0, end) : rest;
      yield splitRows(step, this.#plan.format).map((row) => this.#readRow(row));
      rest = rest.subarray(step.length);
    }
  }

  /** How many rows chunk `n` has, and how many its seal says that it has. */
  count(n: number, bytes: Uint8Array): { readonly found: number; readonly sealed: number } {
    const { count, rowsPerChunk } = this.#seal;
    return {
      found: countRows(this.#withoutHeader(n, bytes), this.#plan.format),
      sealed: Math.min(rowsPerChunk, count - n * rowsPerChunk),
    };
  }

  #withoutHeader(n: number, bytes: Uint8Array): Uint8Array {
    const header = n === 0 ? builtHeader(this.#plan) : '';
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const isHeaded = text.subarray(0, header.length).toString('latin1') === header;
    return isHeaded ? text.subarray(header.length) : text;
  }

  #readRow(text: string): ReadRow {
    const fields = this.#plan.format === 'csv' ? csvFields(text) : this.#jsonFields(text);
    const { derived, built } = this.#plan;
    if (fields?.length !== derived.length + built.length) return 'row-malformed';
    const row = { serial: '', lotIndex: -1, endpointKey: '' } as Writable<DeviceRow>;
    for (let at = 0; at < derived.length; at++) {
      const problem = this.#take(row, derived[at] as ColumnChoice, fields[at] ?? '');
      if (problem) return problem;
    }
    if (row.serial !== renderSerial(this.#serials, this.#lot.firstNumber + row.lotIndex)) {
      return 'serial-wrong';
    }
    const attributes: Record<string, string> = {};
    for (let at = 0; at < built.length; at++) {
      const value = fields[derived.length + at] ?? '';
      const name = built[at] ?? '';
      if (value.length > LONGEST_TEXT || !isPlainText(value)) return 'value-wrong';
      if (name === 'hardware_id' && value !== '') row.hardwareId = value;
      else if (name.startsWith(CAPTURE) && value !== '')
        attributes[name.slice(CAPTURE.length)] = value;
    }
    if (Object.keys(attributes).length > 0) row.attributes = JSON.stringify(attributes);
    return row;
  }

  /** Takes one derived value into the row; public keys and certificates are not kept. */
  #take(row: Writable<DeviceRow>, column: ColumnChoice, text: string): RowProblem | undefined {
    switch (column.name) {
      case 'index':
        row.lotIndex = /^(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : -1;
        return this.#isInside(row.lotIndex) ? undefined : 'index-outside';
      case 'serial':
        row.serial = text;
        return undefined;
      case 'endpoint_key': {
        const bytes = decodeValue(column, text);
        if (!bytes) return 'endpoint-key-wrong';
        row.endpointKey = endpointKeyOf(bytes);
        return undefined;
      }
      case 'claim_digest': {
        const bytes = decodeValue(column, text);
        if (!bytes) return 'value-wrong';
        row.claimDigest = toHex(bytes);
        return undefined;
      }
      case 'model':
        row.model = text;
        return text === this.#lot.model ? undefined : 'value-wrong';
      default:
        return undefined;
    }
  }

  #isInside(index: number): boolean {
    const { ranges } = this.#seal;
    let low = 0;
    for (let high = ranges.length; low < high;) {
      const middle = (low + high) >> 1;
      const range = ranges[middle];
      if (range && rangeEnd(range) <= index) low = middle + 1;
      else high = middle;
    }
    const range = ranges[low];
    return range !== undefined && index >= range.from && index >= 0;
  }

  #jsonFields(text: string): readonly string[] | undefined {
    const row = parseJsonRow(text);
    if ('problem' in row || row.names.join() !== this.#labels) return undefined;
    return row.values.map(String);
  }
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

function csvFields(text: string): readonly string[] | undefined {
  const row = parseCsvRow(text);
  return 'fields' in row ? row.fields : undefined;
}
