import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TestMember } from './rig.ts';
import { ServiceRig } from './rig.ts';

let rig: ServiceRig;
beforeAll(async () => {
  rig = await ServiceRig.start();
});
afterAll(() => rig[Symbol.asyncDispose]());

/** Lots of these codes, of a key of the account’s. */
async function addLots(accountId: string, codes: readonly string[]): Promise<void> {
  await rig.store.change({ actor: 'registry' }, async ({ db, at: createdAt }) => {
    const provisioningKey = `kp of ${accountId}`;
    const own = { accountId, createdAt, version: 1 };
    await db
      .insertInto('provisioningKeys')
      .values({
        ...{ ...own, id: provisioningKey, label: null, sealKey: new Uint8Array(44) },
        ...{ manufacturerKey: null, delegation: null, isTest: 0 },
      })
      .execute();
    for (const [n, code] of codes.entries()) {
      const lot = { id: `kl ${n} ${accountId}`, provisioningKey, code, model: null, units: 10 };
      await db
        .insertInto('lots')
        .values({ ...own, ...lot, scheme: 'psk', descriptor: '' })
        .execute();
    }
  });
}

const codesFor = async ({ headers }: TestMember, query = ''): Promise<string[]> => {
  const codes: string[] = [];
  const first = `/v1/lots?limit=2${query}`;
  for (const urls = [first]; urls.length > 0;) {
    const answer = await rig.app.inject({ method: 'GET', url: urls.pop() ?? '', headers });
    const { items, next } = answer.json<{ items: { code: string }[]; next?: string }>();
    codes.push(...items.map(({ code }) => code));
    if (next !== undefined) urls.push(`${first}&cursor=${next}`);
  }
  return codes;
};

it('lists the account’s lots, those with a code, and to a station those that it was given', async () => {
  const engineer = await rig.member(['factory-engineer']);
  const { accountId } = engineer;
  const station = await rig.member(['station'], { accountId });
  const other = await rig.member(['account-admin']);
  await addLots(accountId, ['A', 'B', 'A']);
  await addLots(other.accountId, ['A']);
  expect(await codesFor(engineer)).toEqual(['A', 'B', 'A']);
  expect(await codesFor(engineer, '&code=A')).toEqual(['A', 'A']);
  expect([await codesFor(other), await codesFor(station)]).toEqual([['A'], []]);
  const { principalId } = station;
  await rig.store.change({ actor: 'registry' }, ({ db }) =>
    db
      .insertInto('stationLots')
      .values({ principalId, accountId, lotId: `kl 1 ${accountId}` })
      .execute(),
  );
  expect(await codesFor(station)).toEqual(['B']);
});
