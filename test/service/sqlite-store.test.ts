import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Clock } from '../../src/kernel/clock.ts';
import { openDatabase } from '../../src/kernel/sqlite.ts';
import { openStore } from '../../src/service/store/open-store.ts';
import { sqliteDialect } from '../../src/service/store/sqlite-dialect.ts';
import { prepare } from '../../src/service/store/sqlite-store.ts';
import type { Tables } from '../../src/service/store/tables.ts';
import { bulkContract } from './bulk-contract.ts';
import { custodyContract } from './custody-contract.ts';
import { fleetContract } from './fleet-contract.ts';
import { storeContract, TestClock } from './store-contract.ts';
import { migrateContract } from './migrate-contract.ts';
import { transferContract } from './transfer-contract.ts';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyline-store-'));
});
afterAll(() => rm(folder, { recursive: true }));

storeContract('SQLite', async (clock: Clock) => {
  const path = join(folder, `${files++}.sqlite`);
  const store = await openStore(path, { create: true, clock });
  return {
    store,
    reopen: (options) => openStore(path, { ...options, clock }),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
});

transferContract(
  'SQLite',
  async (clock: Clock) => {
    const store = await openStore(join(folder, `${files++}.sqlite`), { create: true, clock });
    return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
  },
  new TestClock(),
);

bulkContract('SQLite', async (clock: Clock) => {
  const store = await openStore(join(folder, `${files++}.sqlite`), { create: true, clock });
  return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
});

custodyContract('SQLite', async () => {
  const store = await openStore(join(folder, `${files++}.sqlite`), { create: true });
  return { stores: [store], [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
});

fleetContract(
  'SQLite',
  async (clock: Clock) => {
    const store = await openStore(join(folder, `${files++}.sqlite`), { create: true, clock });
    return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
  },
  new TestClock(),
);

migrateContract('SQLite', async () => {
  const path = join(folder, `${files++}.sqlite`);
  const database = await openDatabase(path);
  prepare(path, database);
  const db = new Kysely<Tables>({ dialect: sqliteDialect(database) });
  return {
    db,
    open: () => openStore(path, { create: false }),
    [Symbol.asyncDispose]: () => db.destroy(),
  };
});

it('makes a file that only its owner reads', async () => {
  const path = join(folder, 'private.sqlite');
  await using store = await openStore(path, { create: true });
  await store.ping();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it('refuses a path where no registry is, and makes no file there', async () => {
  const path = join(folder, 'missing.sqlite');
  const opening = openStore(path, { create: false });
  await expect(opening).rejects.toMatchObject({ code: 'registry-missing' });
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
});

it('refuses a file that is no database, and another program’s database, and leaves both alone', async () => {
  const text = join(folder, 'text');
  await writeFile(text, 'this is a text that SQLite did not write, and it is long enough to tell');
  await expect(openStore(text, { create: true })).rejects.toMatchObject({
    code: 'registry-damaged',
  });
  const foreign = join(folder, 'foreign.sqlite');
  const database = await openDatabase(foreign);
  database.exec('CREATE TABLE theirs (a)');
  database.close();
  const before = (await stat(foreign)).mtimeMs;
  await expect(openStore(foreign, { create: true })).rejects.toMatchObject({
    code: 'registry-damaged',
  });
  expect((await stat(foreign)).mtimeMs).toBe(before);
});

it('waits for another connection’s transaction instead of failing', async () => {
  const path = join(folder, 'shared.sqlite');
  await using store = await openStore(path, { create: true });
  const worker = await openDatabase(path);
  worker.exec('BEGIN IMMEDIATE');
  let done = false;
  const waiting = store
    .change({ actor: 'registry' }, () => Promise.resolve(1))
    .then(() => {
      done = true;
    });
  await store.ping();
  await store.ping();
  expect(done).toBe(false);
  worker.exec('COMMIT');
  await waiting;
  worker.close();
});

it('is opened while another connection’s transaction is under way', async () => {
  const path = join(folder, 'opening.sqlite');
  await (await openStore(path, { create: true }))[Symbol.asyncDispose]();
  const worker = await openDatabase(path);
  worker.exec('BEGIN IMMEDIATE');
  let done = false;
  const opening = openStore(path, { create: false }).then((opened) => {
    done = true;
    return opened;
  });
  // Each look at the file lets the opening do a step of its own; it has only a few.
  for (let n = 0; n < 100; n++) await stat(path);
  expect(done).toBe(false);
  worker.exec('COMMIT');
  await (await opening)[Symbol.asyncDispose]();
  worker.close();
});
