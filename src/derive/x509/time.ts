import { utf8 } from '../../kernel/bytes.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { der, TAG } from './der.ts';
import { malformed } from './der-reader.ts';
import type { DerValue } from './der-reader.ts';

/** RFC 5280 section 4.1.2.5: the certificate has no well-defined end. */
export const NO_EXPIRY = '9999-12-31T23:59:59Z';

const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$/;

/**
 * Time DER of an ISO 8601 second (`2026-03-01T08:00:00Z`): UTCTime through 2049, GeneralizedTime
 * after, RFC 5280 section 4.1.2.5. Throws `certificate-invalid` for a second that no calendar has.
 */
export function derTime(iso: string): Uint8Array {
  const match = ISO.exec(iso);
  const date = new Date(iso);
  if (
    !match ||
    Number.isNaN(date.getTime()) ||
    date.toISOString().slice(0, 19) !== iso.slice(0, 19)
  ) {
    throw new KeylineError('certificate-invalid', {
      message: `${JSON.stringify(iso)} is no date of a certificate`,
      hint: 'Write dates as 2026-03-01T08:00:00Z.',
    });
  }
  const year = Number(match[1]);
  const digits = `${match.slice(1).join('')}Z`;
  return year >= 1950 && year < 2050
    ? der(TAG.utcTime, utf8(digits.slice(2)))
    : der(TAG.generalizedTime, utf8(digits));
}

/** The ISO 8601 second of a Time. Throws `certificate-invalid` for a form that RFC 5280 does not allow. */
export function readTime(value: DerValue): string {
  const text = Buffer.from(value.contents).toString('latin1');
  const short = value.tag === TAG.utcTime && /^\d{12}Z$/.test(text);
  const long = value.tag === TAG.generalizedTime && /^\d{14}Z$/.test(text);
  if (!short && !long) throw malformed('a date is not as RFC 5280 has it');
  const century = Number(text.slice(0, 2)) < 50 ? '20' : '19';
  const digits = short ? century + text : text;
  return digits.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
}
