import { expect, test } from 'vitest';
import { DeviceFailure, FAILURES } from '../../src/model/failure.ts';
import type { FailureCode } from '../../src/model/failure.ts';

test.each(Object.keys(FAILURES) as FailureCode[])(
  '%s has a code of plain letters and a hint',
  (code) => {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(FAILURES[code].hint).toMatch(/^[A-Z].{10,70}\.$/);
  },
);

test('a failure carries code, reason, step and what its code says', () => {
  const failure = new DeviceFailure('local-mac', '02:00:00:00:00:01 is made up', {
    step: 'identify',
  });
  expect(failure).toMatchObject({
    code: 'local-mac',
    reason: '02:00:00:00:00:01 is made up',
    message: '02:00:00:00:00:01 is made up',
    step: 'identify',
    retryable: false,
    hint: FAILURES['local-mac'].hint,
  });
});
