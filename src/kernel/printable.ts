/** Control and format characters, and the two separators that break a line. */
const STEERING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Text of unknown origin for a terminal: whatever would steer it stands as `\u{1b}`, line feeds and
 * marks of direction too.
 */
export function printable(text: string): string {
  return text.replace(STEERING, (one) => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`);
}
