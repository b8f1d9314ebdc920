import { describe, expect, it } from 'vitest';
import { parseRange } from '../../src/cli/flags.ts';
import { wantsJson } from '../../src/cli/json.ts';
import { createProgress, grouped } from '../../src/cli/progress.ts';
import { table } from '../../src/cli/table.ts';

describe('a table', () => {
  it('has columns as wide as their widest cell, numbers to the right, no space at a line’s end', () => {
    const rows = [
      { name: 'a', count: 10 },
      { name: 'long name', count: 9 },
    ];
    const text = table(rows, [
      { title: 'count', value: ({ count }) => count, align: 'right' },
      { title: 'name', value: ({ name }) => name },
    ]);
    expect(text).toBe('count  name\n   10  a\n    9  long name');
  });
});

describe('progress', () => {
  it('tells percent, rate and time left, at most ten times a second, and goes away', () => {
    let text = '';
    let nowMs = 0;
    const stream = { isTTY: true, write: (part: string) => (text += part) };
    const progress = createProgress('Writing', 1000, stream, () => nowMs);
    for (nowMs = 0; nowMs < 200; nowMs += 10) progress.update(nowMs);
    const shown = text.split('\r').slice(1);
    progress.end();
    expect(shown).toHaveLength(2);
    expect(shown[1]).toBe('\u001b[KWriting 10 %, 100 of 1,000, 1,000/s, 1 s left');
    expect(text.endsWith('\r\u001b[K')).toBe(true);
  });

  it('is silent where there is no terminal', () => {
    const stream = { write: () => expect.unreachable() };
    const progress = createProgress('Writing', 10, stream);
    progress.update(5);
    progress.end();
  });
});

describe('a count', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [1234567, '1,234,567'],
  ])('%d is grouped as %s', (count, text) => {
    expect(grouped(count)).toBe(text);
  });
});

describe('a range', () => {
  it.each([
    ['0-0', { from: 0, count: 1 }],
    ['7', { from: 7, count: 1 }],
    ['10-19', { from: 10, count: 10 }],
  ])('%s has both ends', (text, range) => {
    expect(parseRange(text)).toEqual(range);
  });

  it.each(['', '-', '5-4', '1-', '-1', 'a-b', '1-2-3', '1.5-2', '0x1-2', '9999999999999999'])(
    'refuses %j',
    (text) => {
      expect(() => parseRange(text)).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
    },
  );
});

describe('--json', () => {
  it('counts before -- only, or when the environment asks for it', () => {
    expect(wantsJson(['a', '--json'], {})).toBe(true);
    expect(wantsJson(['a', '--', '--json'], {})).toBe(false);
    expect(wantsJson(['a'], { KEYLINE_CONTENT_TYPE: 'json' })).toBe(true);
  });
});
