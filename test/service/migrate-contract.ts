import { sql } from 'kysely';
import type { Insertable, Kysely } from 'kysely';
import { describe, expect, it } from 'vitest';
import { TYPES } from '../../src/service/store/migrate.ts';
import { META, MIGRATIONS, statementsOf } from '../../src/service/store/schema.ts';
import { currentEpoch } from '../../src/service/store/epoch.ts';
import { createAccount, findAccount } from '../../src/service/store/accounts.ts';
import { checkAudit } from '../../src/service/store/feed.ts';
import { listLots } from '../../src/service/store/lots.ts';
import { lotsOfStation } from '../../src/service/store/station-lots.ts';
import type { Store } from '../../src/service/store/store.ts';
import type { Tables } from '../../src/service/store/tables.ts';

/** An empty database: `db` is SQL on it until `open` is called. */
export interface EmptyDatabase extends AsyncDisposable {
  readonly db: Kysely<Tables>;
  open(): Promise<Store>;
}

const AT = '2026-01-02T03:04:05.678Z';
const ACCOUNT = `ac_${'0'.repeat(26)}`;
const DEVICE = `dv_${'0'.repeat(26)}`;
const STATION = `pr_${'1'.repeat(26)}`;
const UPLOAD = `up_${'0'.repeat(26)}`;
const BYTES = Buffer.from('0001fe', 'hex');

/** What the first release’s tables held, as its columns were. */
const ROWS: readonly (readonly [table: string, row: Readonly<Record<string, unknown>>])[] = [
  [
    'accounts',
    {
      ...{ id: ACCOUNT, handle: 'acme', name: 'Acme', kind: 'oem', state: 'active', isTest: 0 },
      ...{ isReceiving: 1, needsTotp: 0, createdAt: AT, version: 1 },
    },
  ],
  ['counters', { accountId: ACCOUNT, eventSeq: 0, auditSeq: 0, auditHash: Buffer.alloc(32) }],
  [
    'principals',
    {
      ...{ id: `pr_${'0'.repeat(26)}`, kind: 'user', homeAccountId: ACCOUNT, login: 'root' },
      ...{ name: 'root', state: 'active', secretVersion: 1, createdAt: AT, version: 1 },
    },
  ],
  [
    'principals',
    {
      ...{ id: STATION, kind: 'system', homeAccountId: ACCOUNT, name: 'line 1', state: 'active' },
      ...{ secretVersion: 1, createdAt: AT, version: 1 },
    },
  ],
  [
    'provisioningKeys',
    {
      ...{ id: 'kp_one', accountId: ACCOUNT, sealKey: BYTES, isTest: 0 },
      ...{ createdAt: AT, version: 1 },
    },
  ],
  ...['kl_lot', 'kl_next'].map(
    (id) =>
      [
        'lots',
        {
          ...{ id, accountId: ACCOUNT, provisioningKey: 'kp_one', code: 'A', scheme: 'psk' },
          ...{ units: 10, descriptor: `of ${id}`, createdAt: AT, version: 1 },
        },
      ] as const,
  ),
  ['stationLots', { principalId: STATION, lotId: 'kl_lot' }],
  [
    'uploads',
    {
      ...{ id: UPLOAD, accountId: ACCOUNT, lotId: 'kl_lot', kind: 'planned', sealDigest: 'd' },
      ...{ seal: 's', parts: 2, state: 'receiving', createdAt: AT, version: 3 },
    },
  ],
  ['uploadParts', { uploadId: UPLOAD, n: 1, digest: 'p', sizeBytes: 3, isGzip: 1, content: BYTES }],
  [
    'devices',
    {
      ...{ id: DEVICE, accountId: ACCOUNT, serial: 'ACME-1', lotId: 'kl_lot', lotIndex: 0 },
      ...{ provisioning: 'verified', enrollment: 'pending', createdAt: AT },
    },
  ],
  [
    'transfers',
    {
      ...{ id: `tr_${'0'.repeat(26)}`, sourceAccountId: ACCOUNT, destinationAccountId: ACCOUNT },
      ...{ state: 'completed', items: 1, expiresAt: AT, createdAt: AT, version: 2 },
    },
  ],
];

/** What every database keeps of what an earlier keyline wrote: one suite, run on each. */
export function migrateContract(
  name: 'SQLite' | 'PostgreSQL',
  make: () => Promise<EmptyDatabase>,
): void {
  const dialect = name === 'SQLite' ? 'sqlite' : 'postgres';
  describe(`a registry of an earlier keyline on ${name}`, () => {
    it.each(MIGRATIONS.map((_, n) => n + 1))(
      'keeps its history and its rows from schema %d on',
      async (version) => {
        await using empty = await make();
        await begin(empty.db, dialect, version);
        await using store = await empty.open();
        expect(await schemaOf(store)).toBe(String(MIGRATIONS.length));
        expect(await currentEpoch(store.reader)).toBe('theepoch');
        expect(await findAccount(store.reader, ACCOUNT)).toMatchObject({ handle: 'acme' });
        const rows = await store.reader.selectFrom('devices').selectAll().execute();
        expect(rows).toMatchObject([{ id: DEVICE, version: 1, createdAt: AT }]);
        await keepsLots(store);
        await store.change({ actor: 'registry' }, (change) => {
          change.record({ accountId: ACCOUNT, type: 'test.noted', subject: DEVICE });
          return Promise.resolve();
        });
        expect(await checkAudit(store.reader, ACCOUNT)).toMatchObject({ entries: 1 });
      },
    );

    it('stays as it is where a step cannot be carried out', async () => {
      await using empty = await make();
      await begin(empty.db, dialect, 1);
      // Something that the second step wants to add is there.
      await sql`ALTER TABLE principals ADD COLUMN "totpPending" TEXT`.execute(empty.db);
      await expect(empty.open()).rejects.toThrow();
      const { rows } = await sql<{ value: string }>`
        SELECT value FROM "keylineRegistry" WHERE name = 'schemaVersion'`.execute(empty.db);
      expect(rows).toEqual([{ value: '1' }]);
      await sql`ALTER TABLE principals DROP COLUMN "totpPending"`.execute(empty.db);
      await using store = await empty.open();
      expect(await schemaOf(store)).toBe(String(MIGRATIONS.length));
    });
  });
}

async function begin(
  db: Kysely<Tables>,
  dialect: 'sqlite' | 'postgres',
  version: number,
): Promise<void> {
  const types = TYPES[dialect];
  const steps = [META, ...MIGRATIONS.slice(0, 1)];
  const run = async (ddl: string): Promise<void> => {
    for (const statement of statementsOf(ddl)) await sql.raw(statement).execute(db);
  };
  for (const step of steps) await run(step(types));
  for (const [table, row] of ROWS) {
    const columns = sql.join(Object.keys(row).map((column) => sql.ref(column)));
    const values = sql.join(Object.values(row));
    await sql`INSERT INTO ${sql.table(table)} (${columns}) VALUES (${values})`.execute(db);
  }
  for (const step of MIGRATIONS.slice(1, version)) await run(step(types));
  const meta = { schemaVersion: String(version), epoch: 'theepoch' };
  for (const [name, value] of Object.entries(meta)) {
    await db.insertInto('keylineRegistry').values({ name, value }).execute();
  }
}

/** Lots with what hangs on them, which another account's lots of the same ids do not touch. */
async function keepsLots(store: Store): Promise<void> {
  const { reader } = store;
  const upload = {
    id: UPLOAD,
    accountId: ACCOUNT,
    lotId: 'kl_lot',
    state: 'receiving',
    version: 3,
  };
  expect(await reader.selectFrom('uploads').selectAll().execute()).toMatchObject([upload]);
  const [part] = await reader.selectFrom('uploadParts').selectAll().execute();
  expect(part).toMatchObject({ uploadId: UPLOAD, n: 1, isGzip: 1, outcomes: null });
  expect(Buffer.from(part?.content ?? [])).toEqual(BYTES);
  const place = { accountId: ACCOUNT, principalId: STATION };
  expect(await lotsOfStation(reader, place)).toEqual(['kl_lot']);
  const listed = await listLots(reader, ACCOUNT, { limit: 9 });
  expect(listed.map(({ id, descriptor }) => [id, descriptor])).toEqual([
    ['kl_lot', 'of kl_lot'],
    ['kl_next', 'of kl_next'],
  ]);
  const [lot] = listed;
  if (!lot) throw new Error('no lot');
  const origin = { actor: 'registry' };
  const accountId = await store.change(origin, async (change) => {
    const other = await createAccount(change, { handle: 'other', name: 'Other', kind: 'oem' });
    const more = { accountId: other.id };
    await change.db
      .insertInto('lots')
      .values({ ...lot, ...more, descriptor: 'another' })
      .execute();
    const [held] = await change.db.selectFrom('uploads').selectAll().execute();
    const id = `up_${'1'.repeat(26)}`;
    if (held)
      await change.db
        .insertInto('uploads')
        .values({ ...held, ...more, id })
        .execute();
    await change.db
      .insertInto('stationLots')
      .values({ ...place, ...more, lotId: lot.id })
      .execute();
    return other.id;
  });
  expect(await listLots(reader, accountId, { limit: 9 })).toMatchObject([
    { descriptor: 'another' },
  ]);
  expect(await listLots(reader, ACCOUNT, { limit: 9 })).toEqual(listed);
  // The keys between the tables are kept: by lot, by upload.
  const stray = { ...place, accountId, lotId: 'kl_next' };
  const lost = { ...part, uploadId: 'up_none' } as Insertable<Tables['uploadParts']>;
  await expect(
    store.change(origin, ({ db }) => db.insertInto('stationLots').values(stray).execute()),
  ).rejects.toThrow();
  await expect(
    store.change(origin, ({ db }) => db.insertInto('uploadParts').values(lost).execute()),
  ).rejects.toThrow();
}

async function schemaOf({ reader }: Store): Promise<string | undefined> {
  const query = reader.selectFrom('keylineRegistry').select('value');
  return (await query.where('name', '=', 'schemaVersion').executeTakeFirst())?.value;
}
