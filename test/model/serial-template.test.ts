import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeylineError } from '../../src/kernel/errors.ts';
import {
  checkNumbersFit,
  parseSerialTemplate,
  renderSerial,
  serialIndex,
  serialNumber,
  unitSerial,
} from '../../src/model/serial-template.ts';
import type { Lot } from '../../src/model/lot.ts';

const lot = (serialTemplate: string, firstNumber: number, size: number, spare = 0): Lot =>
  ({ serialTemplate, firstNumber, size, spare }) as Lot;

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as KeylineError).code;
  }
  return 'nothing thrown';
};

describe('a serial template', () => {
  it.each([
    ['ACME-A1-{n:8}', 42, 'ACME-A1-00000042'],
    ['{n:3}', 999, '999'],
    ['{x:6}/EU', 0xabcde, '0ABCDE/EU'],
    ['{x:12}', 2 ** 48 - 1, 'FFFFFFFFFFFF'],
    ['{n:15}', 999_999_999_999_999, '999999999999999'],
    ['799273{n:4}{luhn}', 9871, '79927398713'],
    ['{n:10}-{luhn}X', 7992739871, '7992739871-3X'],
    ['A {n:2}:b+c.d_e', 7, 'A 07:b+c.d_e'],
  ])('%s with %i is %s', (template, number, serial) => {
    const parsed = parseSerialTemplate(template);
    expect(renderSerial(parsed, number)).toBe(serial);
    expect(serialNumber(parsed, serial)).toBe(number);
  });

  it.each([
    ['no field', 'ACME'],
    ['nothing', ''],
    ['two number fields', '{n:2}{n:2}'],
    ['a second kind of field', '{n:2}{m:2}'],
    ['three fields', '{n:2}{luhn}{luhn}'],
    ['a check digit before the number', '{luhn}{n:4}'],
    ['a check digit alone', '{luhn}'],
    ['a check digit of a hexadecimal number', '{x:4}{luhn}'],
    ['a digit between number and check digit', '{n:4}2{luhn}'],
    ['a digit after the check digit', '{n:4}{luhn}2'],
    ['no width', '{n}'],
    ['width 0', '{n:0}'],
    ['a padded width', '{n:08}'],
    ['more decimal digits than are exact', '{n:16}'],
    ['more hexadecimal digits than an index has', '{x:13}'],
    ['an open brace', 'A{n:4'],
    ['a brace in text', 'A}{n:4}'],
    ['nested braces', '{{n:4}}'],
    ['a control character', 'A\u0007{n:4}'],
    ['a line feed', 'A\n{n:4}'],
    ['a comma', 'A,{n:4}'],
    ['a quote', 'A"{n:4}'],
    ['a letter beyond ASCII', 'Ä{n:4}'],
    ['a space at the start', ' A{n:4}'],
    ['a space at the end', 'A{n:4} '],
  ])('with %s is refused', (_what, template) => {
    expect(codeOf(() => parseSerialTemplate(template))).toBe('invalid-template');
  });

  it('refuses a last number that does not fit, and takes the one that just does', () => {
    const decimal = parseSerialTemplate('{n:3}');
    expect(() => {
      checkNumbersFit(decimal, 0, 1000);
    }).not.toThrow();
    expect(
      codeOf(() => {
        checkNumbersFit(decimal, 1, 1000);
      }),
    ).toBe('invalid-template');
    const hexadecimal = parseSerialTemplate('{x:2}');
    expect(() => {
      checkNumbersFit(hexadecimal, 0xf0, 16);
    }).not.toThrow();
    expect(
      codeOf(() => {
        checkNumbersFit(hexadecimal, 0xf0, 17);
      }),
    ).toBe('invalid-template');
  });

  it('gives the number back for each serial, and for nothing that differs in one character', () => {
    const templates = ['A-{n:6}', '{x:5}Z', '12{n:5}-{luhn}', '{n:5}9'].map(parseSerialTemplate);
    const character = fc.constantFrom(...'0123456789ABCDEFabcdefZ -');
    fc.assert(
      fc.property(
        fc.constantFrom(...templates),
        fc.nat(99_999),
        fc.nat(20),
        character,
        (template, number, at, other) => {
          const serial = renderSerial(template, number);
          expect(serialNumber(template, serial)).toBe(number);
          const changed = serial.slice(0, at) + other + serial.slice(at + 1);
          const found = serialNumber(template, changed);
          if (found !== undefined) expect(renderSerial(template, found)).toBe(changed);
        },
      ),
    );
  });

  it('refuses lower-case hexadecimal, a missing zero and a wrong check digit', () => {
    expect(serialNumber(parseSerialTemplate('{x:4}'), '00ab')).toBeUndefined();
    expect(serialNumber(parseSerialTemplate('{n:4}'), '042')).toBeUndefined();
    expect(serialNumber(parseSerialTemplate('{n:10}{luhn}'), '79927398712')).toBeUndefined();
    expect(serialNumber(parseSerialTemplate('{n:2}'), '-1')).toBeUndefined();
    expect(serialNumber(parseSerialTemplate('{n:2}'), '1.')).toBeUndefined();
  });
});

describe('a serial of a lot', () => {
  it('is that of first number and index', () => {
    expect(unitSerial(lot('A{n:4}', 100, 10), 7)).toBe('A0107');
  });

  it('names a unit of the lot or of its spare range only', () => {
    const some = lot('A{n:4}', 100, 10, 2);
    expect(serialIndex(some, 'A0100')).toBe(0);
    expect(serialIndex(some, 'A0111')).toBe(11);
    expect(serialIndex(some, 'A0099')).toBeUndefined();
    expect(serialIndex(some, 'A0112')).toBeUndefined();
    expect(serialIndex(some, 'B0100')).toBeUndefined();
  });
});
