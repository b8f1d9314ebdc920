/**
 * A profile's regular expression (ECMAScript), `^` and `$` at each line. Returns what is wrong with
 * it as text where it does not compile, or where it matches the empty text and so says nothing.
 */
export function compilePattern(source: string, option?: 'may be empty'): RegExp | string {
  try {
    const pattern = new RegExp(source, 'm');
    return !option && pattern.test('') ? 'matches empty text, so it says nothing' : pattern;
  } catch (error) {
    const [, why = 'invalid'] = /: ([^:]+)$/.exec(String(error)) ?? [];
    return `is not a regular expression: ${why.toLowerCase()}`;
  }
}

/** A pattern that a check has seen before. */
export function knownPattern(source: string, flags = 'm'): RegExp {
  return new RegExp(source, flags);
}

/** Number of capture groups. */
export function groupsOf(pattern: RegExp): number {
  // With an empty alternative it matches anything, and the match has a place for each group.
  return (new RegExp(`${pattern.source}|`).exec('')?.length ?? 1) - 1;
}
