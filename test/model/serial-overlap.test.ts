import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serialsMeet } from '../../src/model/serial-overlap.ts';
import type { SerialRange } from '../../src/model/serial-overlap.ts';
import { parseSerialTemplate, renderSerial } from '../../src/model/serial-template.ts';

const range = (template: string, first: number, count: number): SerialRange => ({
  template: parseSerialTemplate(template),
  first,
  count,
});

describe('two serial ranges', () => {
  it.each<[string, SerialRange, SerialRange, boolean]>([
    ['of one template that touch', range('A{n:4}', 0, 10), range('A{n:4}', 10, 10), false],
    [
      'of one template that share one number',
      range('A{n:4}', 0, 11),
      range('A{n:4}', 10, 10),
      true,
    ],
    ['of other prefixes', range('A{n:4}', 0, 10), range('B{n:4}', 0, 10), false],
    ['of other lengths', range('A{n:4}', 0, 10), range('A{n:5}', 0, 10), false],
    ['whose fields are cut elsewhere', range('A1{n:3}', 0, 10), range('A{n:4}', 1005, 1), true],
    [
      'whose fields are cut elsewhere, beyond the bound',
      range('A1{n:3}', 0, 10),
      range('A{n:4}', 1010, 9),
      false,
    ],
    ['one decimal, one hexadecimal', range('{n:4}', 9, 1), range('{x:4}', 9, 1), true],
    [
      'one decimal, one hexadecimal, with no number alike',
      range('{n:4}', 10, 6),
      range('{x:4}', 10, 6),
      false,
    ],
    [
      'with a check digit that the other’s number may be',
      range('{n:3}{luhn}', 0, 1000),
      range('{n:4}', 18, 1),
      true,
    ],
    [
      'with a check digit that the other’s number is not',
      range('{n:3}{luhn}', 0, 1000),
      range('{n:4}', 19, 1),
      false,
    ],
    [
      'whose check digits stand apart',
      range('{n:3}{luhn}A', 0, 1000),
      range('{n:3}A{luhn}', 0, 1000),
      false,
    ],
    [
      'with a literal that only a letter digit meets',
      range('1E{n:2}', 5, 1),
      range('{x:4}', 0x1e05, 1),
      true,
    ],
  ])('%s', (_name, a, b, meet) => {
    expect(serialsMeet(a, b)).toBe(meet);
    expect(serialsMeet(b, a)).toBe(meet);
  });

  it('of a billion units each are decided at once', () => {
    const a = range('ACME-{n:15}', 0, 1_000_000_000);
    expect(serialsMeet(a, range('ACME-{n:15}', 1_000_000_000, 1_000_000_000))).toBe(false);
    expect(serialsMeet(a, range('ACME-0{n:14}', 999_999_999, 1_000_000_000))).toBe(true);
  });

  // Literals of the characters that fields can also write, so that cut places meet often.
  const literal = fc.string({ unit: fc.constantFrom('0', '1', 'A', '-'), maxLength: 2 });
  const letters = fc.string({ unit: fc.constantFrom('A', '-'), maxLength: 1 });
  const decimal = fc
    .tuple(literal, fc.integer({ min: 1, max: 3 }), literal)
    .map(([before, width, after]) => ({
      text: `${before}{n:${width}}${after}`,
      limit: 10 ** width,
    }));
  const hexadecimal = fc
    .tuple(literal, fc.integer({ min: 1, max: 2 }), literal)
    .map(([before, width, after]) => ({
      text: `${before}{x:${width}}${after}`,
      limit: 16 ** width,
    }));
  const checked = fc
    .tuple(literal, fc.integer({ min: 1, max: 3 }), letters, letters)
    .map(([before, width, between, after]) => ({
      text: `${before}{n:${width}}${between}{luhn}${after}`,
      limit: 10 ** width,
    }));
  const serialRange = fc
    .oneof(decimal, hexadecimal, checked)
    .chain(({ text, limit }) =>
      fc
        .tuple(fc.nat(limit - 1), fc.nat(limit - 1))
        .map(([a, b]) => range(text, Math.min(a, b), Math.abs(a - b) + 1)),
    );

  it('meet exactly where writing out both finds a serial twice', () => {
    const seen = { met: 0, apart: 0 };
    fc.assert(
      fc.property(serialRange, serialRange, (a, b) => {
        const written = new Set(serialsOf(a));
        const meet = serialsOf(b).some((serial) => written.has(serial));
        seen[meet ? 'met' : 'apart']++;
        expect(serialsMeet(a, b)).toBe(meet);
      }),
      { numRuns: 4000 },
    );
    expect(Math.min(seen.met, seen.apart)).toBeGreaterThan(10);
  });

  it('meet exactly so for two that both have a check digit', () => {
    const withCheck = checked.chain(({ text, limit }) =>
      fc
        .tuple(fc.nat(limit - 1), fc.nat(limit - 1))
        .map(([a, b]) => range(text, Math.min(a, b), Math.abs(a - b) + 1)),
    );
    fc.assert(
      fc.property(withCheck, serialRange, (a, b) => {
        const written = new Set(serialsOf(a));
        expect(serialsMeet(a, b)).toBe(serialsOf(b).some((serial) => written.has(serial)));
      }),
      { numRuns: 3000 },
    );
  });
});

function serialsOf({ template, first, count }: SerialRange): string[] {
  return Array.from({ length: count }, (_, at) => renderSerial(template, first + at));
}
