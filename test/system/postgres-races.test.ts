import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  issueOneTimeToken,
  LIFE_MS,
  takeOneTimeToken,
} from '../../src/service/auth/one-time-token.ts';
import { createAccount } from '../../src/service/store/accounts.ts';
import { putTemplate } from '../../src/service/store/config-templates.ts';
import { registerDevice } from '../../src/service/store/devices.ts';
import { setCancelled } from '../../src/service/store/escrow.ts';
import { needUnusedAdmin } from '../../src/service/store/members.ts';
import { openStore } from '../../src/service/store/open-store.ts';
import {
  endPreparations,
  prepareTransfer,
  undoOneDead,
} from '../../src/service/store/prepare-transfer.ts';
import { createPrincipal, rotateSecret } from '../../src/service/store/principals.ts';
import { requestTransfer } from '../../src/service/store/request-transfer.ts';
import type { Change, Store } from '../../src/service/store/store.ts';
import { decideItems, lockTransfer } from '../../src/service/store/transfer-decision.ts';
import { startCluster } from './postgres.ts';
import type { Cluster } from './postgres.ts';

const ORIGIN = { actor: 'registry' } as const;
let cluster: Cluster;
let store: Store;
/** The same database as another process has it. */
let other: Store;
let accountId: string;

beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster[Symbol.asyncDispose]());
beforeEach(async () => {
  const url = await cluster.database();
  store = await openStore(url, { create: true });
  other = await openStore(url, { create: false });
  accountId = (await account('source')).id;
});
afterEach(async () => {
  await other[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

const account = (handle: string) =>
  store.change(ORIGIN, (c) => createAccount(c, { handle, name: handle, kind: 'oem' }));
const register = async (change: Change, serial: string): Promise<string> => {
  const made = await registerDevice(change, {
    ...{ accountId, serial, lotId: 'kl_1', lotIndex: 1, scheme: 'psk' },
    ...{ provisioningKey: 'kp_1', endpointKey: 'ek_1', provisioning: 'verified' },
  });
  return made.outcome === 'conflict' ? made.outcome : made.device.id;
};

/** What becomes of `late`, which begins after `early` and before its end; the code where it throws. */
async function inTheSameMoment<T>(
  early: (change: Change) => Promise<unknown>,
  late: (change: Change) => Promise<T>,
): Promise<T | string> {
  const { outcome } = await store.change(ORIGIN, async (change) => {
    await early(change);
    const outcome = other
      .change(ORIGIN, late)
      .catch((error: unknown) => (error as { code: string }).code);
    await waitForLock();
    return { outcome };
  });
  return await outcome;
}

/** Resolves once a transaction waits for another one. */
async function waitForLock(): Promise<void> {
  for (;;) {
    const waiting = await sql`SELECT 1 FROM pg_locks WHERE NOT granted`.execute(store.reader);
    if (waiting.rows.length > 0) return;
  }
}

it('offers no device that goes to another account in the same moment', async () => {
  const north = await account('north');
  await account('south');
  const deviceId = await store.change(ORIGIN, (change) => register(change, 'S-1'));
  const offer = (to: string) => (change: Change) =>
    requestTransfer(change, {
      ...{ sourceAccountId: accountId, to, devices: { ids: [deviceId] }, includePlanned: false },
      expiresAt: '2999-01-01T00:00:00.000Z',
    });
  const { transfer } = await store.change(ORIGIN, offer('north'));
  const accept = async (change: Change) => {
    const party = { accountId: north.id, as: 'destination' } as const;
    const locked = await lockTransfer(change, party, transfer.id);
    await decideItems(change, locked, [{ deviceId, move: 'accepted', reason: null }]);
  };
  expect(await inTheSameMoment(accept, offer('south'))).toBe('state-conflict');
});

it('gives a credential to one of two devices that come with it, and keeps nothing of the other', async () => {
  const come = (serial: string) => (change: Change) => register(change, serial);
  expect(await inTheSameMoment(come('S-1'), come('S-2'))).toBe('conflict');
  const devices = await store.reader.selectFrom('devices').select('serial').execute();
  expect(devices).toEqual([{ serial: 'S-1' }]);
});

it('makes one next version of a template of two that were made of the same one', async () => {
  const put = (name: string) => (change: Change) =>
    putTemplate(
      change,
      { accountId, name: 'default', after: 0 },
      { trustAnchors: [], values: { name } },
    );
  expect(await inTheSameMoment(put('first'), put('second'))).toBe('precondition-failed');
  const kept = await store.reader.selectFrom('configTemplates').select('body').execute();
  expect(kept).toEqual([{ body: '{"trustAnchors":[],"values":{"name":"first"}}' }]);
});

it('takes a device out of escrow once, for whoever saw it as it was', async () => {
  const id = await store.change(ORIGIN, (change) => register(change, 'S-1'));
  const cancel = (change: Change) => setCancelled(change, { accountId, id, version: 1 }, true);
  expect(await inTheSameMoment(cancel, cancel)).toBe('precondition-failed');
  const events = store.reader.selectFrom('events').select('seq').where('subject', '=', id);
  const cancelled = events.where('type', '=', 'device.escrow-cancelled');
  expect(await cancelled.execute()).toHaveLength(1);
});

it('undoes an offer whose process died once, by two processes that find it at once', async () => {
  await account('north');
  const wanted = { sourceAccountId: accountId, to: 'north', includePlanned: false };
  const devices = { ids: [await store.change(ORIGIN, (change) => register(change, 'S-1'))] };
  const rest = { devices, expiresAt: '2999-01-01T00:00:00.000Z' };
  const dead = await prepareTransfer(store, ORIGIN, { wanted: { ...wanted, ...rest }, key: 'one' });
  const { id } = dead.transfer;
  // More than one transaction undoes.
  await sql`INSERT INTO "transferItems" ("transferId", "deviceId", "state")
    SELECT ${id}, 'dv_' || n, 'offered' FROM generate_series(1, 4100) AS n`.execute(store.reader);
  await store.change(ORIGIN, endPreparations);
  // Another process is in the midst of its first transaction.
  const { end } = await store.change(ORIGIN, async ({ db }) => {
    await sql`DELETE FROM "transferItems" WHERE "transferId" = ${id} AND "deviceId" IN
      (SELECT "deviceId" FROM "transferItems" WHERE "transferId" = ${id} LIMIT 2000)`.execute(db);
    const end = undoOneDead(other).catch((error: unknown) => error);
    await waitForLock();
    return { end };
  });
  expect(await end).toBe(true);
  expect(await store.reader.selectFrom('transfers').select('id').execute()).toEqual([]);
  expect(await store.reader.selectFrom('transferItems').select('deviceId').execute()).toEqual([]);
});

it('invites no admin again who chooses a password in the same moment', async () => {
  const wanted = { kind: 'user', accountId, login: 'sue', name: 'Sue' } as const;
  const token = await store.change(ORIGIN, async (change) => {
    const { id: principalId } = await createPrincipal(change, {
      ...wanted,
      roles: ['account-admin'],
    });
    return (await issueOneTimeToken(change, { accountId, principalId }, LIFE_MS.invitation)).token;
  });
  const choose = async (change: Change) => {
    const { principalId: id } = await takeOneTimeToken(change, token);
    await rotateSecret(change, { id, accountId }, 'a digest');
  };
  const invite = async (change: Change) => {
    const { principal } = await needUnusedAdmin(change, 'source');
    const owner = { accountId, principalId: principal.id };
    await issueOneTimeToken(change, owner, LIFE_MS.invitation);
  };
  expect(await inTheSameMoment(choose, invite)).toBe('state-conflict');
  expect(await store.reader.selectFrom('onceOnly').select('digest').execute()).toEqual([]);
});
