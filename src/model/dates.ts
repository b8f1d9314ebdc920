import { KeylineError } from '../kernel/errors.ts';

/**
 * A date as people give it, as an ISO 8601 second in UTC: a whole second (`2026-03-01T08:00:00Z`), or a
 * day, of which the first or the last second is meant. Throws `usage` for anything no calendar has.
 */
export function parseDate(text: string, day: 'first second' | 'last second'): string {
  const time = day === 'first second' ? 'T00:00:00Z' : 'T23:59:59Z';
  const second = /^\d{4}-\d\d-\d\d$/.test(text) ? text + time : text;
  const isWhole = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(second);
  const date = new Date(second);
  // A Date takes 30 February for 2 March.
  if (isWhole && !Number.isNaN(date.getTime())) {
    if (date.toISOString().slice(0, 19) === second.slice(0, 19)) return second;
  }
  throw new KeylineError('usage', {
    message: `${JSON.stringify(text)} is no date`,
    hint: 'Write a day, 2026-03-01, or a second in UTC, 2026-03-01T08:00:00Z.',
  });
}
