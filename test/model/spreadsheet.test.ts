import { describe, expect, it } from 'vitest';
import { parseSerialTemplate } from '../../src/model/serial-template.ts';
import { spreadsheetRisk } from '../../src/model/spreadsheet.ts';

const risk = (text: string): string | undefined =>
  spreadsheetRisk({ template: parseSerialTemplate(text), first: 0, count: 10 });

describe('a spreadsheet', () => {
  it.each([
    ['{n:8}', 'a number'],
    ['1E{n:3}', 'a number'],
    ['1.{n:4}', 'a number'],
    ['-{n:4}', 'a number'],
    ['{x:4}', 'a number'],
    ['12{x:4}', 'a number'],
    ['{n:8}{luhn}', 'a number'],
    ['2026-{n:2}', 'a date'],
    ['1/1/{n:4}', 'a date'],
    ['12:{n:2}', 'a date'],
    ['+A{n:4}', 'a formula'],
  ])('would read %s as %s', (template, as) => {
    expect(risk(template)).toContain(as);
  });

  it.each(['ACME-{n:8}', 'A{x:6}', '{n:4}X', '12-A{n:4}', '{n:4}E'])(
    'leaves %s alone',
    (template) => {
      expect(risk(template)).toBeUndefined();
    },
  );
});
