import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { RepeatFilter } from '../../src/manifest/repeat-filter.ts';

const key = (at: number): Uint8Array =>
  createHash('sha256').update(String(at)).digest().subarray(0, 16);

describe('a repeat filter', () => {
  test('knows every value that it has seen, and no other, while it grows', () => {
    const filter = new RepeatFilter();
    for (let at = 0; at < 50_000; at++) expect(filter.hasKey(key(at))).toBe(false);
    for (let at = 0; at < 50_000; at += 97) expect(filter.hasKey(key(at))).toBe(true);
    expect(filter.hasKey(key(50_000))).toBe(false);
  });

  test('tells texts apart that differ in one character, such as serials', () => {
    const filter = new RepeatFilter();
    const serial = (at: number): string => `ACME-A1-${String(at).padStart(8, '0')}`;
    for (let at = 0; at < 200_000; at++) filter.hasText(serial(at));
    let repeated = 0;
    for (let at = 200_000; at < 400_000; at++) if (filter.hasText(serial(at))) repeated++;
    expect(repeated).toBe(0);
    expect(filter.hasText(serial(123_456))).toBe(true);
  });
});
