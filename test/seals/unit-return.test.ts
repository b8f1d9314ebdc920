import { describe, expect, it } from 'vitest';
import { toBase64 } from '../../src/kernel/bytes.ts';
import { spkiOf } from '../../src/model/hierarchy.ts';
import type { Lot } from '../../src/model/lot.ts';
import { signGrant } from '../../src/seals/grant.ts';
import type { GrantStatement } from '../../src/seals/grant.ts';
import { signStatement } from '../../src/seals/jws.ts';
import { signLedgerHead } from '../../src/seals/ledger-head.ts';
import type { LedgerHeadStatement } from '../../src/seals/ledger-head.ts';
import { sealLot } from '../../src/seals/lot-descriptor.ts';
import { openUnitReturn, signUnitReturn } from '../../src/seals/unit-return.ts';
import type { UnitReturn } from '../../src/seals/unit-return.ts';
import {
  otherKey,
  ownerKey,
  payloadOf,
  refusal,
  sealFixture,
  stationKey,
  withPart,
} from './fixtures.ts';

const jws = sealFixture('return.jws');
const lot = sealFixture('lot.jws');
const said = payloadOf(jws) as unknown as UnitReturn;
const grant = payloadOf(sealFixture('grant.jws')) as unknown as GrantStatement;
const head = payloadOf(sealFixture('head.jws')) as unknown as LedgerHeadStatement;
const OTHER = toBase64(spkiOf(otherKey()));

/** What the station itself signs with something else in it. */
const signed = (change: Partial<UnitReturn>): Promise<string> =>
  signUnitReturn({ ...said, ...change }, { key: stationKey(), lot });
const back = (ranges: UnitReturn['returns'][number]['ranges'], under = sealFixture('grant.jws')) =>
  signed({ returns: [{ grant: under, ranges }] });
const refused = async (jws: string | Promise<string>) => refusal(openUnitReturn(await jws));

describe('the statement of never-used units', () => {
  it('signed with openssl opens, and is what keyline signs, byte for byte', async () => {
    const opened = await openUnitReturn(jws);
    expect(opened.statement).toEqual(said);
    expect(opened).toMatchObject({ lot: { code: 'V1' }, descriptor: lot, head });
    expect(opened.returns).toMatchObject([
      { grant: { statement: grant }, ranges: [{ from: 2, count: 4094 }] },
    ]);
    expect(await signed({})).toBe(jws);
  });

  it('is signed in one form, whatever the order of its members was', async () => {
    const turned = Object.fromEntries(Object.entries(said).reverse()) as UnitReturn;
    expect(await signUnitReturn(turned, { key: stationKey(), lot })).toBe(jws);
  });

  it.each(Object.keys(said))('with another %s than was signed is altered', async (name) => {
    const altered = withPart(jws, 1, (json) => {
      const payload = JSON.parse(json) as Record<string, unknown>;
      const others: Record<string, unknown> = {
        ...{ returns: [], createdAt: '2026-01-06T00:00:00Z', stationKey: OTHER },
      };
      payload[name] = others[name] ?? 'something else';
      return JSON.stringify(payload);
    });
    expect(await refused(altered)).toBe('return-altered');
  });

  it('is altered where it gives one unit more or one less', async () => {
    for (const range of ['"from":1,"count":4095', '"from":3,"count":4093']) {
      const more = withPart(jws, 1, (json) => json.replace('"from":2,"count":4094', range));
      expect(await refused(more)).toBe('return-altered');
    }
  });

  it('is forged where another key signed it, whichever it names', async () => {
    const by = { key: otherKey(), lot };
    expect(await refused(signUnitReturn(said, by))).toBe('return-forged');
    // The grant was not made for that station.
    const ledger = await signLedgerHead({ ...head, stationKey: OTHER }, otherKey());
    const own = { ...said, stationKey: OTHER, ledger };
    expect(await refused(signUnitReturn(own, by))).toBe('return-forged');
  });

  it('is forged where it rests on the ledger of another station', async () => {
    const ledger = await signLedgerHead({ ...head, stationKey: OTHER }, otherKey());
    expect(await refused(signed({ ledger }))).toBe('return-forged');
  });

  it('is forged where its grant was not made by the owner', async () => {
    const forged = await signGrant(grant, otherKey());
    expect(await refused(back([{ from: 2, count: 1 }], forged))).toBe('return-forged');
    expect(await refused(back([{ from: 2, count: 1 }], 'hello'))).toBe('return-forged');
  });

  it('is foreign where its grant is of another lot of the same owner', async () => {
    const lotId = 'kl_00000000000000000000000000' as Lot['lotId'];
    const other = { ...(payloadOf(lot) as unknown as Lot), lotId, code: 'V2' };
    const descriptor = await sealLot(other, await ownerKey());
    const under = await signGrant({ ...grant, lot: descriptor }, await ownerKey());
    expect(await refused(back([{ from: 2, count: 1 }], under))).toBe('return-foreign');
  });

  it('gives back what its grant has, and nothing else', async () => {
    expect(await refused(back([{ from: 0, count: 4096 }]))).toBe('not refused');
    expect(await refused(back([{ from: 4095, count: 2 }]))).toBe('outside-grant');
    expect(await refused(back([{ from: 4096, count: 1 }]))).toBe('outside-grant');
  });

  it.each<[string, UnitReturn['returns'][number]['ranges']]>([
    [
      'twice',
      [
        { from: 2, count: 2 },
        { from: 3, count: 1 },
      ],
    ],
    [
      'out of order',
      [
        { from: 9, count: 1 },
        { from: 2, count: 1 },
      ],
    ],
    ['beyond its lot', [{ from: 10_099, count: 2 }]],
    ['none at all', []],
  ])('that names units %s is invalid', async (_name, ranges) => {
    expect(await refused(back(ranges))).toBe('return-invalid');
  });

  it.each<[string, Partial<UnitReturn>]>([
    ['another lot than its descriptor', { lotId: 'kl_00000000000000000000000000' as Lot['lotId'] }],
    ['no ledger that verifies', { ledger: 'hello' }],
    ['the head of nothing', { ledger: lot }],
    ['no time', { createdAt: 'today' }],
  ])('that names %s is invalid', async (_name, change) => {
    expect(await refused(signed(change))).toBe('return-invalid');
  });

  it('without its lot, of another type, or with something unknown in it is invalid', async () => {
    const key = stationKey();
    expect(await refused(signStatement('keyline-return+jws', said, key))).toBe('return-invalid');
    const other = signStatement('keyline-seal+jws', said, key, { lot });
    expect(await refused(other)).toBe('return-invalid');
    const more = signStatement('keyline-return+jws', { ...said, more: 1 }, key, { lot });
    expect(await refused(more)).toBe('return-invalid');
  });

  it('with a forged lot is refused as the lot is', async () => {
    const forged = await signStatement('keyline-lot+jws', payloadOf(lot), otherKey());
    const jws = signUnitReturn(said, { key: stationKey(), lot: forged });
    expect(await refused(jws)).toBe('descriptor-invalid: signer');
  });
});
