import { describe, expect, it } from 'vitest';
import { signStatement } from '../../src/seals/jws.ts';
import { openLotClose, sealLotClose } from '../../src/seals/lot-close.ts';
import type { LotClose } from '../../src/seals/lot-close.ts';
import { otherKey, ownerKey, payloadOf, refusal, sealFixture, withPart } from './fixtures.ts';

const jws = sealFixture('close.jws');
const lot = sealFixture('lot.jws');
const said = payloadOf(jws) as unknown as LotClose;

/** What the owner himself seals with something else in it. */
const sealed = async (change: Partial<LotClose>): Promise<string> =>
  sealLotClose({ ...said, ...change }, { key: await ownerKey(), lot });
const refused = async (jws: string | Promise<string>) => refusal(openLotClose(await jws));

describe('the account of a closed lot', () => {
  it('sealed with openssl opens, and is what keyline seals, byte for byte', async () => {
    const opened = await openLotClose(jws);
    expect(opened.close).toEqual(said);
    expect(opened.lot).toMatchObject({ code: 'V1', size: 10_000, spare: 100 });
    expect(await sealed({})).toBe(jws);
  });

  it('is sealed in one form, whatever the order of its members was', async () => {
    const turned = (object: object): object => Object.fromEntries(Object.entries(object).reverse());
    const planned = turned(said.planned) as LotClose['planned'];
    const close = turned({ ...said, planned }) as LotClose;
    expect(await sealLotClose(close, { key: await ownerKey(), lot })).toBe(jws);
  });

  it.each(Object.keys(said))('with another %s than was sealed is altered', async (name) => {
    const altered = withPart(jws, 1, (json) => {
      const payload = JSON.parse(json) as Record<string, unknown>;
      const { planned } = said;
      const others: Record<string, unknown> = {
        ...{ planned: { ...planned, done: 2, scrapped: 0 }, spare: { ...said.spare, total: 99 } },
        ...{ ledgers: [], closedAt: '2026-01-07T00:00:00Z' },
      };
      payload[name] = others[name] ?? 'something else';
      return JSON.stringify(payload);
    });
    expect(await refused(altered)).toBe('signature-invalid: signature');
  });

  it('sealed by somebody else is refused, even where everything else is right', async () => {
    expect(await refused(sealLotClose(said, { key: otherKey(), lot }))).toBe(
      'signature-invalid: claim',
    );
  });

  it('without its lot, or with a forged one, is refused', async () => {
    const key = await ownerKey();
    const without = signStatement('keyline-close+jws', said, key);
    expect(await refused(without)).toBe('signature-invalid: claim');
    const forged = await signStatement('keyline-lot+jws', payloadOf(lot), otherKey());
    expect(await refused(sealLotClose(said, { key, lot: forged }))).toBe(
      'descriptor-invalid: signer',
    );
  });

  it.each<[string, Partial<LotClose>]>([
    ['counts a unit twice', { planned: { ...said.planned, done: 2 } }],
    ['leaves a unit out', { spare: { ...said.spare, neverLeft: 99 } }],
    [
      'counts fewer units than the lot has',
      { planned: { ...said.planned, total: 9_999, neverLeft: said.planned.neverLeft - 1 } },
    ],
    [
      'moves a unit from the planned ones to the spare ones',
      {
        planned: { ...said.planned, total: 9_999, neverLeft: said.planned.neverLeft - 1 },
        spare: { ...said.spare, total: 101, neverLeft: 101 },
      },
    ],
    ['is of another lot', { lotId: 'kl_00000000000000000000000000' as LotClose['lotId'] }],
    [
      'is of another key',
      { provisioningKey: 'kp_00000000000000000000000000' as LotClose['provisioningKey'] },
    ],
    ['claims a test key', { test: true }],
  ])('that its owner seals and that %s is refused', async (_name, change) => {
    expect(await refused(sealed(change))).toBe('signature-invalid: claim');
  });

  it('says what became of lost units, or is refused', async () => {
    const jws = signStatement(
      'keyline-close+jws',
      { ...said, lostReason: undefined },
      await ownerKey(),
      { lot },
    );
    expect(await refused(jws)).toBe('signature-invalid: claim');
  });

  it('of another type, or with something unknown in it, is refused', async () => {
    const key = await ownerKey();
    const other = signStatement('keyline-seal+jws', said, key, { lot });
    expect(await refused(other)).toBe('signature-invalid: typ');
    const more = signStatement('keyline-close+jws', { ...said, more: 1 }, key, { lot });
    expect(await refused(more)).toBe('signature-invalid: payload');
  });
});
