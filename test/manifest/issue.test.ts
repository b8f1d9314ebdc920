import { expect, test } from 'vitest';
import { formatIssue } from '../../src/manifest/issue.ts';

test('a column’s name cannot steer a terminal', () => {
  const issue = {
    code: 'unknown-column',
    line: 1,
    column: '\u001b]0;x\u0007',
    message: 'm',
  } as const;
  expect(formatIssue(issue)).toBe('line 1, \\u{1b}]0;x\\u{7}: unknown-column: m');
});
