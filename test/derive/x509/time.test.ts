import { describe, expect, test } from 'vitest';
import { readDer } from '../../../src/derive/x509/der-reader.ts';
import { derTime, readTime } from '../../../src/derive/x509/time.ts';
import { utf8 } from '../../../src/kernel/bytes.ts';

// RFC 5280 section 4.1.2.5.1: YY from 50 on is 19YY, below it is 20YY.
const WRITTEN = [
  ['1949-12-31T23:59:59Z', 0x18, '19491231235959Z'],
  ['1950-01-01T00:00:00Z', 0x17, '500101000000Z'],
  ['1999-12-31T23:59:59Z', 0x17, '991231235959Z'],
  ['2049-12-31T23:59:59Z', 0x17, '491231235959Z'],
  ['2050-01-01T00:00:00Z', 0x18, '20500101000000Z'],
  ['9999-12-31T23:59:59Z', 0x18, '99991231235959Z'],
] as const;

describe.each(WRITTEN)('%s', (iso, tag, digits) => {
  test(`stands as ${digits} in a certificate, and is read from it`, () => {
    expect(derTime(iso)).toEqual(Uint8Array.of(tag, digits.length, ...utf8(digits)));
    expect(readTime(readDer(derTime(iso)))).toBe(iso);
  });
});

test.each([
  '2026-02-29T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-01-01',
  '2026-01-01T24:00:00Z',
  '',
])('%s is refused as a date', (iso) => {
  expect(() => derTime(iso)).toThrow(expect.objectContaining({ code: 'certificate-invalid' }));
});

test.each([
  [0x17, '2601010000Z'],
  [0x17, '260101000000+0100'],
  [0x18, '20260101000000.5Z'],
  [0x0c, '260101000000Z'],
])('a time of another form is refused: tag %i, %s', (tag, text) => {
  const value = readDer(Uint8Array.of(tag, text.length, ...utf8(text)));
  expect(() => readTime(value)).toThrow(expect.objectContaining({ code: 'certificate-invalid' }));
});
