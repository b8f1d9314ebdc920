import { describe, expect, it } from 'vitest';
import { luhnDigit } from '../../src/model/luhn.ts';

describe('the check digit of ISO/IEC 7812-1', () => {
  // Published numbers: the standard's own worked example (annex B.2), the GSM IMEI example of 3GPP TS 23.003
  // annex B, Canada's specimen social insurance number, and the card schemes' test numbers.
  it.each([
    ['7992739871', 3],
    ['4992739871', 6],
    ['49015420323751', 8],
    ['04645428', 6],
    ['411111111111111', 1],
    ['555555555555444', 4],
    ['37828224631000', 5],
    ['601111111111111', 7],
  ])('of %s is %i', (digits, check) => {
    expect(luhnDigit(digits)).toBe(check);
  });

  it('passes over everything that is not a digit', () => {
    expect(luhnDigit('SN-799273/9871 ')).toBe(3);
  });

  it('of no digits is 0', () => {
    expect(luhnDigit('ACME-')).toBe(0);
  });

  it('notices every single wrong digit', () => {
    const number = '7992739871';
    for (const [at, right] of [...number].entries()) {
      for (const wrong of '0123456789'.replace(right, '')) {
        expect(luhnDigit(number.slice(0, at) + wrong + number.slice(at + 1))).not.toBe(3);
      }
    }
  });
});
