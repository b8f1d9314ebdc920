import { expect, test } from 'vitest';
import { printable } from '../../src/kernel/printable.ts';

test.each([
  ['a colour', '\u001b[31mred', '\\u{1b}[31mred'],
  ['a window title', '\u001b]0;mine\u0007', '\\u{1b}]0;mine\\u{7}'],
  ['a C1 control', '\u009b31m', '\\u{9b}31m'],
  ['a line feed', 'a\nb', 'a\\u{a}b'],
  ['a mark that turns the direction', 'a\u202eb', 'a\\u{202e}b'],
])('%s cannot steer a terminal', (_what, text, shown) => {
  expect(printable(text)).toBe(shown);
});

test('letters of any script stay as they are', () => {
  expect(printable('Größe 尺寸 – “1”')).toBe('Größe 尺寸 – “1”');
});
