import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { describe, expect, it } from 'vitest';
import { TYPES } from '../../src/service/store/migrate.ts';
import { META, MIGRATIONS, statementsOf } from '../../src/service/store/schema.ts';
import { currentEpoch } from '../../src/service/store/epoch.ts';
import { findAccount } from '../../src/service/store/accounts.ts';
import { checkAudit } from '../../src/service/store/feed.ts';
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

async function schemaOf({ reader }: Store): Promise<string | undefined> {
  const query = reader.selectFrom('keylineRegistry').select('value');
  return (await query.where('name', '=', 'schemaVersion').executeTakeFirst())?.value;
}
