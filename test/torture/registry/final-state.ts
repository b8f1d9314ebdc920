import { openDatabase } from '../../../src/kernel/sqlite.ts';
import { checkAudit } from '../../../src/service/store/feed.ts';
import { isPostgres, openStore } from '../../../src/service/store/open-store.ts';
import type { Reader } from '../../../src/service/store/store.ts';
import type { Tables } from '../../../src/service/store/tables.ts';
import type { Selectable } from 'kysely';

type Row<Table extends keyof Tables> = Readonly<Selectable<Tables[Table]>>;

/** All that the database holds when nobody is at work on it, as its tables have it. */
export interface FinalState {
  readonly accounts: readonly Row<'accounts'>[];
  readonly counters: readonly Row<'counters'>[];
  readonly uploads: readonly Row<'uploads'>[];
  readonly uploadParts: readonly Row<'uploadParts'>[];
  readonly devices: readonly Row<'devices'>[];
  readonly credentials: readonly Row<'credentials'>[];
  readonly custody: readonly Row<'custody'>[];
  readonly transfers: readonly Row<'transfers'>[];
  readonly transferItems: readonly Row<'transferItems'>[];
  readonly configurations: readonly Row<'configurations'>[];
  readonly audit: readonly Row<'audit'>[];
  readonly events: readonly Row<'events'>[];
  readonly operations: readonly Row<'operations'>[];
  /** What the database says of itself, and the product of its audit chains; empty where all is well. */
  readonly complaints: readonly string[];
  /** Servers were left alone until nothing was under way. */
  readonly isAtRest: boolean;
}

/** Reads it; no server may be up. */
export async function readFinalState(database: string, isAtRest: boolean): Promise<FinalState> {
  const complaints = isPostgres(database) ? [] : await integrity(database);
  await using store = await openStore(database, { create: false });
  const { reader } = store;
  const all = <Table extends keyof Tables>(table: Table): Promise<Row<Table>[]> =>
    reader
      .selectFrom(table as 'accounts')
      .selectAll()
      .execute() as unknown as Promise<Row<Table>[]>;
  const accounts = await all('accounts');
  for (const { id, handle } of accounts) complaints.push(...(await auditOf(reader, id, handle)));
  const uploads = await all('uploads');
  // Their devices are seen, and their rows follow.
  const settling = new Set<string | null>(
    uploads.filter(({ settlingUntil }) => settlingUntil !== null).map(({ id }) => id),
  );
  return {
    accounts,
    counters: await all('counters'),
    uploads,
    uploadParts: await all('uploadParts'),
    devices: (await all('devices')).map((device) =>
      settling.has(device.uploadId) ? { ...device, uploadId: null } : device,
    ),
    credentials: await all('credentials'),
    custody: await all('custody'),
    transfers: await all('transfers'),
    transferItems: await all('transferItems'),
    configurations: await all('configurations'),
    audit: await all('audit'),
    events: await all('events'),
    operations: await all('operations'),
    ...{ complaints, isAtRest },
  };
}

async function auditOf(reader: Reader, id: string, handle: string): Promise<string[]> {
  const found = await checkAudit(reader, id);
  return 'brokenAt' in found
    ? [`the audit chain of ${handle} breaks at ${found.brokenAt}: ${found.reason}`]
    : [];
}

async function integrity(path: string): Promise<string[]> {
  const database = await openDatabase(path);
  try {
    const checked = database.prepare('PRAGMA integrity_check').all() as {
      integrity_check: string;
    }[];
    const said = checked.map((row) => row.integrity_check).filter((text) => text !== 'ok');
    const orphans = database.prepare('PRAGMA foreign_key_check').all();
    return [
      ...said,
      ...orphans.map((orphan) => `a row without its parent: ${JSON.stringify(orphan)}`),
    ];
  } finally {
    database.close();
  }
}
