import { describe, expect, it } from 'vitest';
import type { Lot } from '../../src/model/lot.ts';
import { signStatement } from '../../src/seals/jws.ts';
import { openLotDescriptor, sealLot } from '../../src/seals/lot-descriptor.ts';
import { openStationCard, signStationCard } from '../../src/seals/station-card.ts';
import {
  otherKey,
  ownerKey,
  payloadOf,
  refusal,
  sealFixture,
  stationKey,
  withPart,
} from './fixtures.ts';

const fixture = sealFixture('lot.jws');
const lot = payloadOf(fixture) as unknown as Lot;

describe('a lot descriptor', () => {
  it('sealed with openssl opens, and is what keyline seals, byte for byte', async () => {
    expect(await openLotDescriptor(fixture)).toEqual(lot);
    expect(await sealLot(lot, await ownerKey())).toBe(fixture);
  });

  it('is the same bytes whatever the order in which its members were given', async () => {
    const reversed = Object.fromEntries(Object.entries(lot).reverse()) as unknown as Lot;
    expect(await sealLot(reversed, await ownerKey())).toBe(fixture);
  });

  it('is sealed by its own key only', async () => {
    expect(await refusal(sealLot(lot, otherKey()))).toBe('key-mismatch');
    const forged = await signStatement('keyline-lot+jws', lot, otherKey());
    expect(await refusal(openLotDescriptor(forged))).toBe('descriptor-invalid: signer');
  });

  it.each(Object.keys(lot))('with another %s does not open', async (name) => {
    const altered = withPart(fixture, 1, (json) => {
      const payload = JSON.parse(json) as Record<string, unknown>;
      const value = payload[name];
      payload[name] = typeof value === 'number' ? value + 1 : `${JSON.stringify(value)}x`;
      return JSON.stringify(payload);
    });
    expect(await refusal(openLotDescriptor(altered))).toBe('descriptor-invalid: signature');
  });

  it.each<[string, Partial<Lot> | Record<string, unknown>, string]>([
    ['an unknown member', { more: 1 }, 'payload'],
    ['a control character in its code', { code: 'A\u0000' }, 'rule'],
    ['a template that overflows', { serialTemplate: '{n:4}' }, 'rule'],
    ['a template without a number', { serialTemplate: 'A' }, 'rule'],
    ['more units than indexes', { size: 2 ** 48, spare: 1 }, 'rule'],
    ['a scheme that nobody knows', { scheme: 'rsa' }, 'payload'],
    [
      'certificates that its scheme does not have',
      {
        x509: {
          subject: 'serial',
          chain: ['AAAA'],
          notBefore: '2026-01-01T00:00:00Z',
          notAfter: '2027-01-01T00:00:00Z',
        },
      },
      'rule',
    ],
    [
      'a chain that is none',
      {
        scheme: 'x509-p256',
        x509: {
          subject: 'serial',
          chain: ['AAAA'],
          notBefore: '2026-01-01T00:00:00Z',
          notAfter: '2027-01-01T00:00:00Z',
        },
      },
      'certificate',
    ],
    ['a label URL of another kind', { labelBaseUrl: 'javascript:alert(1)' }, 'rule'],
    ['an id of another kind', { lotId: 'kp_tsb4rkv83vdbxgaq9k4gf6f79c' }, 'payload'],
  ])('with %s is refused though its owner sealed it', async (_name, change, reason) => {
    const sealed = await signStatement('keyline-lot+jws', { ...lot, ...change }, await ownerKey());
    expect(await refusal(openLotDescriptor(sealed))).toBe(`descriptor-invalid: ${reason}`);
  });

  it('is never sealed with what no reader would take', async () => {
    const key = await ownerKey();
    expect(await refusal(sealLot({ ...lot, code: 'x'.repeat(65) }, key))).toBe('invalid-lot');
    expect(await refusal(sealLot({ ...lot, createdAt: 'today' }, key))).toBe('invalid-lot');
    expect(await refusal(sealLot({ ...lot, serialTemplate: '{n:1}' }, key))).toBe(
      'invalid-template',
    );
  });
});

describe('a station card', () => {
  const card = sealFixture('station.jws');

  it('signed with openssl opens, and is what keyline signs, byte for byte', async () => {
    const { recipient, name, createdAt } = await openStationCard(card);
    expect(name).toBe('line-1');
    expect(await signStationCard({ recipient, name, createdAt }, stationKey())).toBe(card);
  });

  it('signed by another key than it names is refused', async () => {
    const forged = await signStatement('keyline-station+jws', payloadOf(card), otherKey());
    expect(await refusal(openStationCard(forged))).toBe('invalid-station-card');
  });

  it('altered, or of another kind, is refused', async () => {
    const altered = withPart(card, 1, (json) => json.replace('line-1', 'line-2'));
    expect(await refusal(openStationCard(altered))).toBe('invalid-station-card');
    expect(await refusal(openStationCard(fixture))).toBe('invalid-station-card');
  });
});
