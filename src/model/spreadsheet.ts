import { rangeEnd } from './range.ts';
import { renderSerial } from './serial-template.ts';
import type { SerialRange } from './serial-overlap.ts';

const NUMBER = /^[+-]?\d*[.,]?\d+(?:E[+-]?\d+)?$/i;
const DATE = /^\d{1,4}(?<separator>[-/.:])\d{1,4}(?:\k<separator>\d{1,4})?$/;
const FORMULA = /^[+\-=@]/;

/**
 * What a spreadsheet would do to serials of this kind when it opens a manifest, as one sentence, or
 * undefined where it leaves them alone. Serials all look alike but for hexadecimal ones, of which
 * those that look like a number are tried.
 */
export function spreadsheetRisk({ template, first, count }: SerialRange): string | undefined {
  const last = rangeEnd({ from: first, count }) - 1;
  const samples = [renderSerial(template, first), renderSerial(template, last)];
  if (template.base === 16) {
    const digits = '1'.repeat(template.width);
    const shapes = [
      digits,
      ...[...digits].map((_, at) => digits.slice(0, at) + 'E' + digits.slice(at + 1)),
    ];
    samples.push(...shapes.map((shape) => template.before + shape + template.after));
  }
  const read = (serial: string | undefined, as: string): string | undefined =>
    serial &&
    `a spreadsheet reads ${serial} as ${as}: import the column as text, or begin the template with letters`;
  return (
    read(
      samples.find((serial) => NUMBER.test(serial)),
      'a number',
    ) ??
    read(
      samples.find((serial) => DATE.test(serial)),
      'a date or time',
    ) ??
    read(
      samples.find((serial) => FORMULA.test(serial)),
      'a formula',
    )
  );
}
