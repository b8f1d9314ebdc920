import { X509Certificate, createPrivateKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DeviceProfile, ValueSource } from '../../src/device/profile-model.ts';
import { createValueRenderer } from '../../src/device/values.ts';
import type { ValueOptions } from '../../src/device/values.ts';
import { KeylineError } from '../../src/kernel/errors.ts';
import type { Unit } from '../../src/model/unit.ts';
import type { Lot } from '../../src/model/lot.ts';
import { CERTIFICATES, testLot } from '../derive/lots.ts';

const UNIT: Unit = {
  index: 7,
  endpointKey: new Uint8Array(16).fill(1),
  secret: Uint8Array.from({ length: 32 }, (_, at) => 255 - at),
  claimCode: new Uint8Array(10).fill(3),
};

function profileOf(values: Record<string, ValueSource>): DeviceProfile {
  return { values: new Map(Object.entries(values)) } as unknown as DeviceProfile;
}

function render(source: ValueSource, options: Partial<ValueOptions> = {}) {
  const lot = testLot('psk');
  const renderer = createValueRenderer(profileOf({ it: source }), { lot, ...options });
  return renderer.render(UNIT).get('it');
}

const text = (source: ValueSource, options?: Partial<ValueOptions>): string =>
  render(source, options).use((bytes) => Buffer.from(bytes).toString());

describe('a value of a unit', () => {
  it('is the column in its format, and nothing else around it', () => {
    const secret = Buffer.from(UNIT.secret);
    const of = (format: 'text' | 'hex' | 'base64' | 'base64url') =>
      text({ kind: 'column', column: 'endpoint_secret', format });
    expect(of('hex')).toBe(secret.toString('hex'));
    expect(of('base64')).toBe(secret.toString('base64'));
    expect(of('base64url')).toBe(secret.toString('base64url'));
    expect(of('text')).toBe(`es_${secret.toString('base64url')}`);
    expect(text({ kind: 'column', column: 'serial', format: 'text' })).toBe(
      'ACME-A1-000000000000007',
    );
    // A model is quoted in a CSV, and here it is not.
    expect(text({ kind: 'column', column: 'model', format: 'text' })).toBe('Sensor, "two" inch');
  });

  it('as raw is the bytes themselves', () => {
    const value = render({ kind: 'column', column: 'endpoint_secret', format: 'raw' });
    expect(value.use((bytes) => Buffer.from(bytes).equals(UNIT.secret))).toBe(true);
    expect(value.isSecret).toBe(true);
  });

  it('as PEM is what openssl reads', () => {
    const lot = testLot('ed25519');
    const pem = text({ kind: 'column', column: 'private_key', format: 'pem' }, { lot });
    const jwk = createPrivateKey(pem).export({ format: 'jwk' });
    expect(Buffer.from(jwk.d ?? '', 'base64url').equals(UNIT.secret)).toBe(true);
  });

  it('is wiped with the others, and the unit it came from is not', () => {
    const lot = testLot('psk');
    const values = createValueRenderer(
      profileOf({ it: { kind: 'column', column: 'endpoint_secret', format: 'hex' } }),
      { lot },
    ).render(UNIT);
    expect(values.secrets).toHaveLength(1);
    values[Symbol.dispose]();
    expect(() => {
      values.get('it').use(() => undefined);
    }).toThrow('wiped');
    expect(UNIT.secret[0]).toBe(255);
  });

  it('is refused where the scheme does not make it', () => {
    const source: ValueSource = { kind: 'column', column: 'certificate', format: 'pem' };
    expect(() => render(source)).toThrow(KeylineError);
  });

  it('asks for what costs time only where it is written', () => {
    const lot = testLot('psk');
    const needs = (source: ValueSource) =>
      createValueRenderer(profileOf({ it: source }), { lot }).needs;
    expect(needs({ kind: 'column', column: 'serial', format: 'text' })).toEqual({
      claimCode: false,
      certificate: false,
    });
    expect(needs({ kind: 'column', column: 'claim_digest', format: 'hex' })).toMatchObject({
      claimCode: true,
    });
  });
});

describe('a custody anchor', () => {
  it('is the lot’s, in the format that the profile asks for', () => {
    const lot: Lot = { ...testLot('psk'), custodyAnchor: `${'00'.repeat(31)}ff` };
    const as = (format: 'hex' | 'base64' | 'base64url' | 'raw'): Buffer => {
      const values = createValueRenderer(profileOf({ it: { kind: 'custody-anchor', format } }), {
        lot,
      }).render(UNIT);
      return values.get('it').use((bytes) => Buffer.from(bytes));
    };
    expect(as('hex').toString()).toBe(lot.custodyAnchor);
    expect(as('raw').toString('hex')).toBe(lot.custodyAnchor);
    expect(as('base64').toString()).toBe(`${'A'.repeat(41)}P8=`);
    expect(as('base64url').toString()).toBe(`${'A'.repeat(41)}P8`);
  });

  it('is refused where the lot has none', () => {
    const error = expect.objectContaining({ code: 'invalid-columns' }) as Error;
    expect(() => render({ kind: 'custody-anchor', format: 'hex' })).toThrow(error);
  });
});

describe('a trust anchor', () => {
  const der = Uint8Array.from(Buffer.from(CERTIFICATES[0]?.root ?? '', 'base64'));

  it('is the certificates that the run was given', () => {
    const pem = text({ kind: 'trust-anchor', format: 'pem' }, { trustAnchor: [der] });
    expect(new X509Certificate(pem).raw.equals(der)).toBe(true);
    const one = text({ kind: 'trust-anchor', format: 'der' }, { trustAnchor: [der] });
    expect(Buffer.from(one, 'base64').equals(der)).toBe(true);
  });

  it('is refused where none was given, or two where one fits', () => {
    expect(() => render({ kind: 'trust-anchor', format: 'pem' })).toThrow(KeylineError);
    const two = { trustAnchor: [der, der] };
    expect(() => render({ kind: 'trust-anchor', format: 'der' }, two)).toThrow(KeylineError);
  });
});
