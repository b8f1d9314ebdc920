import { KeylineError } from '../kernel/errors.ts';
import { luhnDigit } from './luhn.ts';
import { lotEnd } from './lot.ts';
import type { Lot } from './lot.ts';

const LITERALS = /^[A-Za-z0-9\-_.:/+ ]*$/;
const FIELD = /^(?<kind>[nx]):(?<width>[1-9]\d?)$/;
const MAX_WIDTH = { n: 15, x: 12 } as const;

/**
 * A parsed template. A serial is `before`, the number in `base` zero-padded to `width`, `between`,
 * the check digit where `luhn` says so, `after`. Without a check digit `between` is empty and
 * `after` is all that follows the number.
 */
export interface SerialTemplate {
  readonly text: string;
  readonly before: string;
  /** 16 is written in upper case. */
  readonly base: 10 | 16;
  readonly width: number;
  /** Between the number and the check digit; never holds a digit. */
  readonly between: string;
  /** ISO/IEC 7812-1 check digit over every decimal digit of the serial before it. */
  readonly luhn: boolean;
  readonly after: string;
}

/**
 * Parses `ACME-A1-{n:8}`, `{x:6}` (hexadecimal), `{n:8}-{luhn}`. Throws `invalid-template` for
 * anything that docs/shapes.md does not allow.
 */
export function parseSerialTemplate(text: string): SerialTemplate {
  const [before = '', field, between = '', check, after = '', ...more] = text.split(/\{([^{}]*)\}/);
  if (field === undefined) throw invalid(text, 'it has no number field');
  const { kind, width } = parseField(text, field);
  if (check !== undefined && check !== 'luhn') throw invalid(text, 'it has a second field');
  if (more.length > 0) throw invalid(text, 'it has a third field');
  const literals = before + between + after;
  if (!LITERALS.test(literals)) {
    throw invalid(text, 'literal text is letters, digits, -_.:/+ and space');
  }
  if (text.startsWith(' ') || text.endsWith(' ')) {
    throw invalid(text, 'a serial neither begins nor ends with a space');
  }
  const luhn = check === 'luhn';
  if (luhn && kind === 'x') throw invalid(text, 'a check digit needs a decimal number');
  if (luhn && /\d/.test(between + after)) {
    throw invalid(text, 'with a check digit no digit may stand after the number');
  }
  return {
    text,
    before,
    base: kind === 'n' ? 10 : 16,
    width,
    between: luhn ? between : '',
    luhn,
    after: luhn ? after : between,
  };
}

/** The serial with this number. The number must fit; see `checkNumbersFit`. */
export function renderSerial(template: SerialTemplate, number: number): string {
  const digits = number.toString(template.base).toUpperCase().padStart(template.width, '0');
  const counted = template.before + digits + template.between;
  const check = template.luhn ? String(luhnDigit(counted)) : '';
  return counted + check + template.after;
}

/** The number in a serial that this template writes, or undefined for any other text. */
export function serialNumber(template: SerialTemplate, serial: string): number | undefined {
  const digits = serial.slice(template.before.length, template.before.length + template.width);
  if (!/^[0-9A-F]+$/.test(digits)) return undefined;
  const number = Number.parseInt(digits, template.base);
  // Writing it again decides: one spelling, its literals and its check digit are the only ones.
  return renderSerial(template, number) === serial ? number : undefined;
}

/** The serial of the unit with this index. */
export function unitSerial(lot: Lot, index: number): string {
  return renderSerial(parseSerialTemplate(lot.serialTemplate), lot.firstNumber + index);
}

/** The index of the unit with exactly this serial, spare range included, or undefined. */
export function serialIndex(lot: Lot, serial: string): number | undefined {
  const number = serialNumber(parseSerialTemplate(lot.serialTemplate), serial);
  if (number === undefined) return undefined;
  const index = number - lot.firstNumber;
  return index >= 0 && index < lotEnd(lot) ? index : undefined;
}

/** Throws `invalid-template` when the lot's last number needs more digits than the field has. */
export function checkNumbersFit(template: SerialTemplate, first: number, count: number): void {
  const last = first + count - 1;
  if (last < template.base ** template.width) return;
  throw new KeylineError('invalid-template', {
    message: `the last number, ${last.toString(template.base).toUpperCase()}, does not fit ${template.text}`,
    hint: 'Give the number field more digits, or begin with a smaller --first.',
    facts: { template: template.text, last },
  });
}

function parseField(text: string, field: string): { kind: 'n' | 'x'; width: number } {
  const match = FIELD.exec(field)?.groups;
  if (!match) throw invalid(text, 'the first field is not {n:DIGITS} or {x:DIGITS}');
  const kind = match['kind'] === 'n' ? 'n' : 'x';
  const width = Number(match['width']);
  if (width > MAX_WIDTH[kind]) {
    throw invalid(text, `{${kind}:…} has at most ${MAX_WIDTH[kind]} digits`);
  }
  return { kind, width };
}

function invalid(text: string, why: string): KeylineError {
  return new KeylineError('invalid-template', {
    message: `${JSON.stringify(text)} is no serial template: ${why}`,
    facts: { template: text },
  });
}
