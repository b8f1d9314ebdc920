import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/kernel/bytes.ts';
import { matchStep, stepAt, toBase32, totpCode, totpUri } from '../../src/service/auth/totp.ts';
import { MasterKey } from '../../src/service/keys/master-key.ts';
import { openValue, sealValue } from '../../src/service/keys/sealed-value.ts';

const secret = utf8('12345678901234567890');

describe('a code', () => {
  // RFC 6238 appendix B, the SHA-1 rows.
  it.each([
    [59, '94287082'],
    [1111111109, '07081804'],
    [1111111111, '14050471'],
    [1234567890, '89005924'],
    [2000000000, '69279037'],
    [20000000000, '65353130'],
  ])('at %d seconds is that of RFC 6238', (seconds, code) => {
    expect(totpCode(secret, stepAt(seconds * 1_000), 8)).toBe(code);
  });

  // RFC 4226 appendix D.
  it.each(
    ['755224', '287082', '359152', '969429', '338314', '254676'].map(
      (code, count) => [count, code] as const,
    ),
  )('of count %d is that of RFC 4226', (count, code) => {
    expect(totpCode(secret, count)).toBe(code);
  });

  it.each([
    [-2, false],
    [-1, true],
    [0, true],
    [1, true],
    [2, false],
  ])('of %d steps from now is taken: %s', (distance, isTaken) => {
    const code = totpCode(secret, 1_000 + distance);
    const found = matchStep(code, secret, { ms: 30_000_000, usedStep: null });
    expect(found).toBe(isTaken ? 1_000 + distance : undefined);
  });

  it('serves once, and no earlier one after it', () => {
    const at = { ms: 30_000_000, usedStep: 1_000 };
    expect(matchStep(totpCode(secret, 1_000), secret, at)).toBeUndefined();
    expect(matchStep(totpCode(secret, 999), secret, at)).toBeUndefined();
    expect(matchStep(totpCode(secret, 1_001), secret, at)).toBe(1_001);
  });
});

it('writes base32 as RFC 4648 section 10 does, and the URI that authenticators read', () => {
  expect(toBase32(utf8('fooba'))).toBe('MZXW6YTB');
  expect(totpUri(secret, { issuer: 'keyline', login: 'ann@acme' })).toBe(
    'otpauth://totp/keyline:ann%40acme?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=keyline',
  );
});

it('opens a sealed value only for its owner, its purpose and under its key', () => {
  const { key } = MasterKey.generate();
  const place = { purpose: 'totp', owner: 'pr_1' } as const;
  const sealed = sealValue(key, place, secret);
  expect(openValue(key, place, sealed)).toEqual(secret);
  const refused = expect.objectContaining({ code: 'master-key-invalid' }) as Error;
  expect(() => openValue(key, { ...place, owner: 'pr_2' }, sealed)).toThrow(refused);
  expect(() => openValue(key, { ...place, purpose: 'owner keys' }, sealed)).toThrow(refused);
  expect(() => openValue(MasterKey.generate().key, place, sealed)).toThrow(refused);
  expect(() => openValue(key, place, sealed.subarray(0, 20))).toThrow(refused);
});
