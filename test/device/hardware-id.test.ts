import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createModelCheck } from '../../src/device/expected-model.ts';
import { acceptHardwareId } from '../../src/device/hardware-id.ts';
import type { IdentityRules } from '../../src/device/profile-model.ts';
import { KeylineError } from '../../src/kernel/errors.ts';
import { DeviceFailure } from '../../src/model/failure.ts';

const MAC: IdentityRules = {
  from: 'device',
  kind: 'mac',
  pattern: '[0-9a-f]{12}',
  allowLocalMac: false,
  refuse: ['00:50:c2:00:00:01'],
};
const TEXT: IdentityRules = { ...MAC, kind: 'text', pattern: '[0-9A-Za-z .-]{4,32}', refuse: [] };

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'accepted';
  } catch (error) {
    if (error instanceof DeviceFailure || error instanceof KeylineError) return error.code;
    throw error;
  }
}

describe('a hardware id', () => {
  it('is one text, however the MAC was written', () => {
    for (const text of [
      '00:1B:44:11:3A:B7',
      '00-1b-44-11-3a-b7',
      '001b.4411.3ab7',
      ' 001B44113AB7\n',
    ]) {
      expect(acceptHardwareId(text, MAC)).toBe('001b44113ab7');
    }
  });

  it.each([
    ['', 'blank-id'],
    ['  \r\n', 'blank-id'],
    ['00:00:00:00:00:00', 'blank-id'],
    ['ff:ff:ff:ff:ff:ff', 'blank-id'],
    ['0x0000000000000000', 'blank-id'],
    ['02:00:00:11:22:33', 'local-mac'],
    ['de:ad:be:ef:ca:fe', 'default-id'],
    ['00:11:22:33:44:55', 'default-id'],
    ['0050C2000001', 'default-id'],
    ['01:00:5e:00:00:01', 'garbage'],
    ['00:1b:44:11:3a', 'garbage'],
    ['00:1b:44:11:3a:b7:00', 'garbage'],
    ['001b44113ab7 and more', 'garbage'],
  ])('%j comes out as %s', (text, code) => {
    expect(codeOf(() => acceptHardwareId(text, MAC))).toBe(code);
  });

  it('may be a locally administered MAC where the profile allows it', () => {
    expect(acceptHardwareId('52:54:00:12:34:56', { ...MAC, allowLocalMac: true })).toBe(
      '525400123456',
    );
  });

  it('as text must match whole, keeps its case and has no control characters', () => {
    expect(acceptHardwareId('SN-0042 b', TEXT)).toBe('SN-0042 b');
    expect(codeOf(() => acceptHardwareId('SN-0042/x', TEXT))).toBe('garbage');
    expect(codeOf(() => acceptHardwareId('SN\x1b[31m', { ...TEXT, pattern: '.*' }))).toBe(
      'garbage',
    );
    expect(codeOf(() => acceptHardwareId('To be filled by O.E.M.', TEXT))).toBe('default-id');
  });

  it('once accepted is accepted again as the same', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f]{12}$/), (text) => {
        const once = codeOf(() => acceptHardwareId(text, MAC));
        fc.pre(once === 'accepted');
        const id = acceptHardwareId(text, MAC);
        expect(acceptHardwareId(id, MAC)).toBe(id);
      }),
    );
  });
});

describe('what a device says of its model', () => {
  it('must be the lot’s model, letter for letter and whole', () => {
    const check = createModelCheck('{model}', 'A1 (rev. 2)');
    expect(
      codeOf(() => {
        check('A1 (rev. 2)');
      }),
    ).toBe('accepted');
    expect(
      codeOf(() => {
        check('A1 (rev. 22)');
      }),
    ).toBe('wrong-product');
    expect(
      codeOf(() => {
        check('A1 (rev- 2)');
      }),
    ).toBe('wrong-product');
    expect(
      codeOf(() => {
        check('');
      }),
    ).toBe('wrong-product');
  });

  it('cannot be compared where the lot has none', () => {
    expect(codeOf(() => createModelCheck('{model}', undefined))).toBe('usage');
    expect(
      codeOf(() => {
        createModelCheck('ACME-.*', undefined)('ACME-7');
      }),
    ).toBe('accepted');
  });
});
