import { fromBase64 } from '../kernel/bytes.ts';
import type { ColumnName } from '../model/columns.ts';
import type { Lot } from '../model/lot.ts';
import { parseSerialTemplate, renderSerial, serialNumber } from '../model/serial-template.ts';
import type { SerialTemplate } from '../model/serial-template.ts';
import { BuiltCheck } from './built-check.ts';
import { CredentialCheck, isStructure } from './credential-check.ts';
import type { Maker, PublicKeys, Values } from './credential-check.ts';
import type { IndexSequence } from './index-sequence.ts';
import type { Issue, IssueList } from './issue.ts';
import { inferFormats } from './layout.ts';
import type { Layout, Slot } from './layout.ts';
import { RepeatFilter } from './repeat-filter.ts';
import { decodeValue, holdsBytes } from './value-formats.ts';

const INDEX = /^(?:0|[1-9]\d{0,14})$/;

/** Checks rows one by one: types, order, and what the values say of each other. */
export class RowCheck {
  readonly #layout: Layout;
  readonly #slots: ReadonlyMap<ColumnName, Slot>;
  readonly #lot: Lot | undefined;
  readonly #template: SerialTemplate | undefined;
  readonly #credentials: CredentialCheck;
  readonly #built: BuiltCheck;
  readonly #sequence: IndexSequence;
  readonly #issues: IssueList;
  readonly #endpointKeys = new RepeatFilter();
  readonly #serials: RepeatFilter | undefined;

  constructor(
    layout: Layout,
    known: Maker & { readonly keys: PublicKeys; readonly sequence: IndexSequence },
    issues: IssueList,
  ) {
    const { lot } = known;
    this.#layout = layout;
    this.#slots = new Map(layout.slots.map((slot) => [slot.name, slot]));
    this.#lot = lot;
    this.#template = lot && parseSerialTemplate(lot.serialTemplate);
    this.#credentials = new CredentialCheck(known, known.keys);
    this.#built = new BuiltCheck(layout);
    this.#sequence = known.sequence;
    this.#issues = issues;
    // A lot's serial repeats only where its index does.
    this.#serials = lot ? undefined : new RepeatFilter();
  }

  /** The unit that a row is for, by its index or else its serial; undefined where neither says it. */
  indexOf(fields: readonly string[]): number | undefined {
    const index = this.#text('index', fields);
    if (index !== undefined && INDEX.test(index)) return Number(index);
    return this.#indexOfSerial(this.#text('serial', fields));
  }

  /** A row that could not be taken apart. */
  skip(): void {
    this.#sequence.skip();
  }

  /** Checks one row that begins on this line; returns the labels of the columns found wrong. */
  check(fields: readonly string[], line: number): ReadonlySet<string> {
    const bad = new Set<string>();
    const report = (issue: Omit<Issue, 'line'> & { readonly column: string }): void => {
      bad.add(issue.column);
      this.#issues.add({ line, ...issue });
    };
    inferFormats(this.#layout, fields);
    this.#checkPlace(fields, line, report);
    const values = this.#decode(fields, report);
    const slot = this.#slot('private_key');
    const pkcs8 = slot && isStructure(slot.format) ? structureOf(fields[slot.at] ?? '') : undefined;
    for (const { column, code, message } of this.#credentials.check(values, pkcs8)) {
      report({ code, column: this.#slot(column)?.label ?? column, message });
    }
    this.#checkRepeats(fields, values, report);
    for (const finding of this.#built.check(fields)) report(finding);
    return bad;
  }

  #checkPlace(fields: readonly string[], line: number, report: Report): void {
    const slots = { index: this.#slot('index'), serial: this.#slot('serial') };
    const text = this.#text('index', fields);
    const serial = this.#text('serial', fields);
    const isIndex = text !== undefined && INDEX.test(text);
    if (slots.index && !isIndex) {
      report({ code: 'wrong-type', column: slots.index.label, message: 'no unit index' });
    }
    if (slots.serial && this.#isWrongSerial(serial, isIndex ? Number(text) : undefined)) {
      const message = this.#lot
        ? `not the serial that lot ${this.#lot.code} gives ${isIndex ? `unit ${text}` : 'any unit'}`
        : 'the value is empty';
      report({ code: 'wrong-serial', column: slots.serial.label, message });
    }
    if (isIndex && slots.index) {
      this.#sequence.next(Number(text), { line, column: slots.index.label });
    } else if (!slots.index && slots.serial) {
      const bySerial = this.#indexOfSerial(serial);
      if (bySerial === undefined) this.#sequence.skip();
      else this.#sequence.next(bySerial, { line, column: slots.serial.label });
    } else {
      this.#sequence.skip();
    }
  }

  #isWrongSerial(serial: string | undefined, index: number | undefined): boolean {
    if (serial === undefined || serial === '') return true;
    if (!this.#template || !this.#lot) return false;
    if (index === undefined) return this.#indexOfSerial(serial) === undefined;
    const number = this.#lot.firstNumber + index;
    return !Number.isSafeInteger(number) || renderSerial(this.#template, number) !== serial;
  }

  #indexOfSerial(serial: string | undefined): number | undefined {
    if (serial === undefined || !this.#template || !this.#lot) return undefined;
    const number = serialNumber(this.#template, serial);
    const index = number === undefined ? -1 : number - this.#lot.firstNumber;
    return index >= 0 ? index : undefined;
  }

  #decode(fields: readonly string[], report: Report): Values {
    const values = new Map<ColumnName, Uint8Array>();
    for (const { at, label, name, format } of this.#layout.slots) {
      const text = fields[at] ?? '';
      if (name === 'model' && (text === '' || (this.#lot && text !== this.#lot.model))) {
        report({ code: 'wrong-model', column: label, message: 'not the model of the lot' });
      }
      if (!holdsBytes(name)) continue;
      const value = format && decodeValue({ name, format }, text);
      if (value) values.set(name, value);
      else report({ code: 'wrong-type', column: label, message: typeMessage(name, format) });
    }
    return values;
  }

  #checkRepeats(fields: readonly string[], values: Values, report: Report): void {
    const message = 'the value stands in an earlier row';
    const endpointKey = values.get('endpoint_key');
    if (endpointKey && this.#endpointKeys.hasKey(endpointKey)) {
      const column = this.#slot('endpoint_key')?.label ?? '';
      report({ code: 'repeated-value', column, message });
    }
    const serial = this.#slot('serial');
    if (serial && this.#serials?.hasText(fields[serial.at] ?? '') === true) {
      report({ code: 'repeated-value', column: serial.label, message });
    }
  }

  #slot(name: ColumnName): Slot | undefined {
    return this.#slots.get(name);
  }

  #text(name: ColumnName, fields: readonly string[]): string | undefined {
    const slot = this.#slot(name);
    return slot && fields[slot.at];
  }
}

type Report = (issue: Omit<Issue, 'line'> & { readonly column: string }) => void;

function typeMessage(name: ColumnName, format: string | undefined): string {
  return format === undefined ? `no ${name} in any format` : `no ${name} as ${format}`;
}

/** The whole PKCS #8 of a value in PEM or in base64. */
function structureOf(text: string): Uint8Array | undefined {
  return fromBase64(text.replace(/-----[A-Z ]+-----|\n/g, ''));
}
