import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { issueToken } from '../../src/service/auth/sessions.ts';
import { ServiceRig } from './rig.ts';
import { enterFor, Owner } from './sealed-upload.ts';

it('never gives a person the answer of one account in another, by whatever key', async () => {
  await using rig = await ServiceRig.start();
  const person = await rig.member(['account-admin'], { kind: 'user' });
  const { principalId } = person;
  const accountId = await rig.account();
  const token = await rig.store.change({ actor: 'registry' }, async (change) => {
    const role = 'account-admin';
    await change.db.insertInto('memberships').values({ accountId, principalId, role }).execute();
    return (await issueToken(change, { accountId, principalId, secretVersion: 1 })).token;
  });
  const made = await (await Owner.create()).lot(10);
  await enterFor(rig.store, person.accountId, made);
  const key = randomUUID();
  const post = (authorization: string) =>
    rig.app.inject({
      ...{ method: 'POST', url: '/v1/lots', body: { descriptor: made.descriptor } },
      headers: { authorization, 'idempotency-key': key },
    });
  expect((await post(person.headers.authorization)).statusCode).toBe(200);
  const repeated = await post(person.headers.authorization);
  expect(repeated.headers['idempotent-replay']).toBe('true');
  const other = await post(`Bearer ${token}`);
  expect(other.statusCode).toBe(422);
  expect(other.body).not.toContain(made.lot.lotId);
});
