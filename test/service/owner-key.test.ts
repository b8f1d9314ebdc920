import { createPublicKey, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toBase64 } from '../../src/kernel/bytes.ts';
import { spkiOf } from '../../src/model/hierarchy.ts';
import { initRegistry } from '../../src/service/init-registry.ts';
import { readMasterKey } from '../../src/service/keys/key-file.ts';
import type { MasterKey } from '../../src/service/keys/master-key.ts';
import { findOwnerKey, openOwnerKey } from '../../src/service/keys/owner-key.ts';
import { createAccount } from '../../src/service/store/accounts.ts';
import { openStore } from '../../src/service/store/open-store.ts';
import type { Reader } from '../../src/service/store/store.ts';
import { ownDatabase, ServiceRig } from './rig.ts';
import type { TestMember } from './rig.ts';

const ORIGIN = { actor: 'registry' } as const;
let rig: ServiceRig;
let platform: TestMember;

beforeAll(async () => {
  rig = await ServiceRig.start();
  platform = await rig.member(['platform-admin'], { kind: 'user' });
});
afterAll(() => rig[Symbol.asyncDispose]());

const make = (handle: string, key: string = randomUUID()) =>
  rig.app.inject({
    ...{ method: 'POST', url: '/v1/accounts' },
    headers: { ...platform.headers, 'idempotency-key': key },
    body: { handle, name: 'Ben', kind: 'oem', admin: { login: `ben@${handle}`, name: 'Ben' } },
  });
const nameKey = async ({ headers }: TestMember): Promise<string> => {
  const url = '/v1/provisioning-keys/nonce';
  const more = { ...headers, 'idempotency-key': randomUUID() };
  const response = await rig.app.inject({ method: 'POST', url, headers: more });
  return response.json<{ ownerKey: string }>().ownerKey;
};
/** The public half, which the private one of the row has, sealed under the master key. */
async function heldKey(db: Reader, masterKey: MasterKey, accountId: string): Promise<string> {
  const opened = await openOwnerKey(db, masterKey, accountId);
  if (!opened) throw new Error('the account has no owner key');
  const spki = spkiOf(createPublicKey(opened));
  expect(await findOwnerKey(db, accountId)).toEqual(spki);
  expect(opened.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
  return toBase64(spki);
}
const keys = async (): Promise<number> =>
  (await rig.store.reader.selectFrom('ownerKeys').select('accountId').execute()).length;

it('is made with the account, in the request that makes it', async () => {
  const answer = await make('with-a-key');
  const { id } = answer.json<{ account: { id: string } }>().account;
  const held = await heldKey(rig.store.reader, rig.service.masterKey, id);
  const audit = rig.store.reader.selectFrom('audit').select('body').where('accountId', '=', id);
  const bodies = (await audit.orderBy('seq').execute()).map(
    ({ body }) => JSON.parse(body) as { type: string; requestId: string },
  );
  const requestId = answer.headers['x-request-id'];
  expect(bodies.slice(0, 2)).toMatchObject([
    { type: 'account.created', requestId },
    { type: 'account.owner-key-made', requestId },
  ]);
  const engineer = await rig.member(['factory-engineer'], { accountId: id });
  expect(await nameKey(engineer)).toBe(held);
});

it('is not made where the account is not', async () => {
  await make('taken');
  const before = await keys();
  expect((await make('taken')).json()).toMatchObject({ code: 'name-taken' });
  expect(await keys()).toBe(before);
});

it('is made with the platform’s account when a registry is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'keyline-owner-key-'));
  const [masterKeyFile, adminPasswordFile] = [join(folder, 'key'), join(folder, 'pass')];
  await writeFile(adminPasswordFile, 'correct horse battery staple\n', { mode: 0o600 });
  const database = await ownDatabase(folder);
  const choices = { database, masterKeyFile, adminPasswordFile, admin: 'root' };
  const { accountId } = await initRegistry(choices);
  await using store = await openStore(database, { create: false });
  await heldKey(store.reader, await readMasterKey(masterKeyFile), accountId);
  await rm(folder, { recursive: true });
});

it('is made once at the first need for an account that an earlier keyline made', async () => {
  const { id: accountId } = await rig.store.change(ORIGIN, (change) =>
    createAccount(change, { handle: 'without-a-key', name: 'Cat', kind: 'oem' }),
  );
  expect(await findOwnerKey(rig.store.reader, accountId)).toBeUndefined();
  const engineer = await rig.member(['factory-engineer'], { accountId });
  const named = await Promise.all(Array.from({ length: 4 }, () => nameKey(engineer)));
  const held = await heldKey(rig.store.reader, rig.service.masterKey, accountId);
  expect(new Set(named)).toEqual(new Set([held]));
  const events = rig.store.reader.selectFrom('events').select('seq');
  const made = events
    .where('accountId', '=', accountId)
    .where('type', '=', 'account.owner-key-made');
  expect(await made.execute()).toHaveLength(1);
});
