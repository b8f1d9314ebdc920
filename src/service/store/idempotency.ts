import { sql } from 'kysely';
import { later } from '../../kernel/clock.ts';
import { KeylineError } from '../../kernel/errors.ts';
import type { Change, Reader } from './store.ts';

const KEPT_MS = 7 * 24 * 3_600_000;

/** One request that can be repeated. */
export interface RepeatableRequest {
  readonly principalId: string;
  /** The `Idempotency-Key`. */
  readonly key: string;
  /** SHA-256 over method, path and body, hexadecimal. */
  readonly request: string;
}

/** An answer as it was given. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body: string;
}

/**
 * Takes the key for this transaction; resolves to the answer that was given under it before, if any. On
 * PostgreSQL it waits for a transaction of another process that has the key. Throws
 * `idempotency-mismatch`, and `already-issued` where the answer held a secret.
 */
export async function takeKey(
  change: Change,
  { principalId, key, request }: RepeatableRequest,
): Promise<StoredAnswer | undefined> {
  const expiresAt = later(change.at, KEPT_MS);
  const inserted = await change.db
    .insertInto('idempotency')
    .values({ principalId, key, request, status: null, headers: null, body: null, expiresAt })
    .onConflict((conflict) => conflict.columns(['principalId', 'key']).doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows === 1n) return undefined;
  const held = await change.db
    .selectFrom('idempotency')
    .selectAll()
    .where('principalId', '=', principalId)
    .where('key', '=', key)
    .executeTakeFirstOrThrow();
  if (held.expiresAt <= change.at) {
    await change.db
      .updateTable('idempotency')
      .set({ request, status: null, headers: null, body: null, expiresAt })
      .where('principalId', '=', principalId)
      .where('key', '=', key)
      .execute();
    return undefined;
  }
  if (held.request !== request) {
    throw new KeylineError('idempotency-mismatch', {
      message: 'this Idempotency-Key was used for another request',
    });
  }
  const { status, headers, body } = held;
  if (status === null || headers === null || body === null) {
    throw new KeylineError('already-issued', {
      message: 'this request was carried out, and its answer held a secret that is not kept',
    });
  }
  return { status, headers: JSON.parse(headers) as Record<string, string>, body };
}

/** Whether a request with this key was carried out, and its answer is kept at the time `at`. */
export async function isKeyTaken(
  db: Reader,
  of: Pick<RepeatableRequest, 'principalId' | 'key'> & { readonly at: string },
): Promise<boolean> {
  const row = await db
    .selectFrom('idempotency')
    .select('key')
    .where('principalId', '=', of.principalId)
    .where('key', '=', of.key)
    .where('expiresAt', '>', of.at)
    .executeTakeFirst();
  return row !== undefined;
}

/** Keeps the answer for 7 days. One with a secret is not kept, and then this is not called. */
export async function keepAnswer(
  change: Change,
  { principalId, key }: RepeatableRequest,
  { status, headers, body }: StoredAnswer,
): Promise<void> {
  await change.db
    .updateTable('idempotency')
    .set({ status, headers: JSON.stringify(headers), body })
    .where('principalId', '=', principalId)
    .where('key', '=', key)
    .execute();
}

/** Removes at most `limit` rows of what has expired, of every table that has such; resolves to how many. */
export async function removeExpired(change: Change, limit: number): Promise<number> {
  let removed = 0;
  for (const table of ['idempotency', 'sessions', 'onceOnly'] as const) {
    const column = table === 'idempotency' ? 'key' : 'digest';
    removed += await removeFrom(change, { table, column, limit });
  }
  return removed;
}

async function removeFrom(
  { db, at }: Change,
  { table, column, limit }: ExpiringTable,
): Promise<number> {
  const [name, key] = [sql.table(table), sql.ref(column)];
  const ended = sql`SELECT ${key} FROM ${name} WHERE "expiresAt" <= ${at} LIMIT ${sql.lit(limit)}`;
  const { numAffectedRows } =
    await sql`DELETE FROM ${name} WHERE "expiresAt" <= ${at} AND ${key} IN (${ended})`.execute(db);
  return Number(numAffectedRows ?? 0);
}

interface ExpiringTable {
  readonly table: 'idempotency' | 'sessions' | 'onceOnly';
  readonly column: 'key' | 'digest';
  readonly limit: number;
}
