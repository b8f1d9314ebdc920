import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Clock } from '../../src/kernel/clock.ts';
import { findCaller, findSessionDevices } from '../../src/service/auth/sessions.ts';
import { initRegistry } from '../../src/service/init-registry.ts';
import { beginNewEpoch } from '../../src/service/restore-registry.ts';
import { createAccount, findAccount } from '../../src/service/store/accounts.ts';
import { lockDevices } from '../../src/service/store/check-in.ts';
import { activeCredentials } from '../../src/service/store/credentials.ts';
import { findByEndpointKey, findOfLot, registerDevice } from '../../src/service/store/devices.ts';
import { listDevices } from '../../src/service/store/device-query.ts';
import { currentEpoch } from '../../src/service/store/epoch.ts';
import { needFleetDevice } from '../../src/service/store/fleet.ts';
import { openStore } from '../../src/service/store/open-store.ts';
import type { Reader } from '../../src/service/store/store.ts';
import { refuseBroken, verifyAudit } from '../../src/service/verify-audit.ts';
import { bulkContract } from '../service/bulk-contract.ts';
import { custodyContract } from '../service/custody-contract.ts';
import { fleetContract } from '../service/fleet-contract.ts';
import type { Tables } from '../../src/service/store/tables.ts';
import { migrateContract } from '../service/migrate-contract.ts';
import { storeContract, TestClock } from '../service/store-contract.ts';
import { transferContract } from '../service/transfer-contract.ts';
import { startCluster } from './postgres.ts';
import type { Cluster } from './postgres.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster[Symbol.asyncDispose]());

storeContract('PostgreSQL', async (clock: Clock) => {
  const url = await cluster.database();
  const store = await openStore(url, { create: true, clock });
  const other = await openStore(url, { create: false, clock });
  return {
    ...{ store, other },
    reopen: (options) => openStore(url, { ...options, clock }),
    async [Symbol.asyncDispose]() {
      await other[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
});

transferContract(
  'PostgreSQL',
  async (clock: Clock) => {
    const store = await openStore(await cluster.database(), { create: true, clock });
    return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
  },
  new TestClock(),
);

bulkContract('PostgreSQL', async (clock: Clock) => {
  const store = await openStore(await cluster.database(), { create: true, clock });
  return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
});

custodyContract('PostgreSQL', async () => {
  const url = await cluster.database();
  const stores = [await openStore(url, { create: true }), await openStore(url, { create: false })];
  return {
    stores,
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store[Symbol.asyncDispose]();
    },
  };
});

fleetContract(
  'PostgreSQL',
  async (clock: Clock) => {
    const store = await openStore(await cluster.database(), { create: true, clock });
    return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
  },
  new TestClock(),
);

migrateContract('PostgreSQL', async () => {
  const url = await cluster.database();
  const pool = new pg.Pool({ connectionString: url });
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return {
    db,
    open: () => openStore(url, { create: false }),
    [Symbol.asyncDispose]: () => db.destroy(),
  };
});

it('makes one registry when two processes make it at once', async () => {
  const url = await cluster.database();
  const open = () => openStore(url, { create: true });
  const [one, two] = await Promise.all([open(), open()]);
  expect(await currentEpoch(one.reader)).toBe(await currentEpoch(two.reader));
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
});

it('is initialised once, has its chains verified, and begins a new epoch under its own master key', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'keyline-init-'));
  const database = await cluster.database();
  const [masterKeyFile, adminPasswordFile] = [join(folder, 'key'), join(folder, 'pass')];
  await writeFile(adminPasswordFile, 'correct horse battery staple\n', { mode: 0o600 });
  const choices = { database, masterKeyFile, adminPasswordFile, admin: 'root' };
  const { accountId, epoch } = await initRegistry(choices);
  await expect(initRegistry(choices)).rejects.toMatchObject({ code: 'registry-exists' });
  const begun = await beginNewEpoch({ database, masterKeyFile, dryRun: false });
  expect(begun.epoch).not.toBe(epoch);
  const { signal } = new AbortController();
  const audits = await verifyAudit({ database, signal });
  expect(audits).toMatchObject([{ accountId, handle: 'platform' }]);
  expect(() => {
    refuseBroken(audits);
  }).not.toThrow();
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  await client.query(`UPDATE audit SET body = '{}' WHERE seq = 2`);
  await client.end();
  expect(await verifyAudit({ database, signal })).toMatchObject([{ brokenAt: 2 }]);
  await writeFile(masterKeyFile, `km_${'A'.repeat(43)}\n`);
  const other = beginNewEpoch({ database, masterKeyFile, dryRun: false });
  await expect(other).rejects.toMatchObject({ code: 'master-key-invalid' });
  const empty = verifyAudit({ database: await cluster.database(), signal });
  await expect(empty).rejects.toMatchObject({ code: 'registry-missing' });
  await rm(folder, { recursive: true });
});

it('refuses an empty database', async () => {
  const url = await cluster.database();
  const opening = openStore(url, { create: false });
  await expect(opening).rejects.toMatchObject({ code: 'registry-missing' });
});

it('says that a server is unavailable, and goes on by itself when it is back', async () => {
  const url = await cluster.database();
  await using store = await openStore(url, { create: true });
  const woken = new Promise<void>((resolve) => {
    store.watch((id) => {
      if (id === undefined) resolve();
    });
  });
  const held = store.change({ actor: 'registry' }, async () => {
    await cluster.restart();
  });
  await expect(held).rejects.toMatchObject({ code: 'registry-unavailable' });
  await woken; // the listener is connected again
  const account = { handle: 'acme', name: 'Acme', kind: 'oem' } as const;
  const made = await store.change({ actor: 'registry' }, (change) =>
    createAccount(change, account),
  );
  expect(made.handle).toBe('acme');
  const heard = new Promise<string | undefined>((resolve) => {
    store.watch(resolve);
  });
  await store.change({ actor: 'registry' }, (change) => {
    change.wake(made.id);
    return Promise.resolve();
  });
  expect(await heard).toBe(made.id);
});

it('goes on with statements that it has prepared when another process brings the tables forward', async () => {
  const url = await cluster.database();
  await using store = await openStore(url, { create: true });
  const origin = { actor: 'registry' };
  const wanted = { handle: 'acme', name: 'Acme', kind: 'oem' } as const;
  const { id } = await store.change(origin, (change) => createAccount(change, wanted));
  const read = (reader: Reader) => findAccount(reader, id);
  expect(await read(store.reader)).toMatchObject(wanted);
  await sql`ALTER TABLE accounts ADD COLUMN later TEXT`.execute(store.reader);
  // A change is run again by itself; whoever only reads is told to come again.
  expect(await store.change(origin, ({ db }) => read(db))).toMatchObject(wanted);
  await sql`ALTER TABLE accounts DROP COLUMN later`.execute(store.reader);
  const reading = read(store.reader).catch((error: unknown) => {
    throw store.explain(error);
  });
  await expect(reading).rejects.toMatchObject({ code: 'registry-unavailable' });
  expect(await read(store.reader)).toMatchObject(wanted);
});

it('keeps a look-up prepared, however many lists of devices of other lengths came before', async () => {
  await using store = await openStore(await cluster.database(), { create: true });
  const kept = await store.change({ actor: 'registry' }, async (change) => {
    const { db, at } = change;
    for (let length = 1; length <= 64; length++) {
      const ids = Array.from({ length }, (_, n) => `dv_${n}`);
      const lot = { accountId: 'ac_1', lotId: 'kl_1', provisioningKey: 'kp_1' };
      await findSessionDevices(db, ids, at);
      await lockDevices(change, ids);
      await activeCredentials(
        db,
        ids.map((id) => ({ id })),
      );
      await findOfLot(db, lot, ids);
    }
    await findAccount(db, 'ac_1');
    return await sql`SELECT 1 FROM pg_prepared_statements WHERE statement LIKE '%"accounts"%'`.execute(
      db,
    );
  });
  expect(kept.rows).toHaveLength(1);
});

it('looks for rows by an index while tables are small, for they may be large before it plans again', async () => {
  await using store = await openStore(await cluster.database(), { create: true });
  const origin = { actor: 'registry' };
  const { id: accountId } = await store.change(origin, (change) =>
    createAccount(change, { handle: 'acme', name: 'Acme', kind: 'oem' }),
  );
  const credential = { provisioningKey: 'kp_1', endpointKey: 'ek_1', scheme: 'psk' } as const;
  const unit = { serial: 'ACME-1', lotId: 'kl_1', lotIndex: 1, provisioning: 'planned' } as const;
  const { id } = await store.change(origin, async (change) => {
    const made = await registerDevice(change, { accountId, ...unit, ...credential });
    if (made.outcome === 'conflict') throw new Error('a conflict');
    return made.device;
  });
  await sql`ANALYZE`.execute(store.reader);
  const [before, after] = await store.change(origin, async (change) => {
    const { db, at } = change;
    const walks = async (): Promise<unknown> =>
      (
        await sql`SELECT relname, seq_scan FROM pg_stat_xact_user_tables ORDER BY relname`.execute(
          db,
        )
      ).rows;
    const before = await walks();
    await findCaller(db, `kt_${'0'.repeat(43)}`, at);
    await findSessionDevices(db, ['kd_0', 'kd_1'], at);
    await findByEndpointKey(db, credential.endpointKey);
    await needFleetDevice(db, accountId, unit.serial);
    await listDevices(db, { accountId, query: {} }, { limit: 10 });
    await lockDevices(change, [id]);
    return [before, await walks()];
  });
  expect(after).toEqual(before);
});

it('refuses an address where no server is', async () => {
  const url = 'postgres://keyline@localhost/none?host=/nonexistent';
  const opening = openStore(url, { create: false });
  await expect(opening).rejects.toMatchObject({ code: 'registry-unavailable' });
});
