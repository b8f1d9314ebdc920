import { createHash } from 'node:crypto';
import type { Transaction } from 'kysely';
import { concat, utf8 } from '../../kernel/bytes.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { groupBy } from '../../kernel/group-by.ts';
import { labelled } from '../../kernel/hkdf.ts';
import type { Dialect, Origin, StoreRecord } from './store.ts';
import type { Tables } from './tables.ts';

const PREFIX = labelled('keyline/v1 audit');

/** 32 zero bytes stand before an account's first entry. */
export const AUDIT_GENESIS = new Uint8Array(32);

/** SHA-256 of `"keyline/v1 audit" || 00 || previous hash || canonical JSON of the entry`. */
export function auditHash(previous: Uint8Array, body: string): Uint8Array {
  return createHash('sha256')
    .update(concat(PREFIX, previous, utf8(body)))
    .digest();
}

/** What is true of all records of one transaction. */
export interface RecordContext extends Origin {
  readonly dialect: Dialect;
  readonly at: string;
}

/**
 * Writes the records into their accounts' chains and feeds. The counter row of each account stays
 * locked until the commit, so that numbers are in the order of commits; it is done last, and in the
 * order of account ids, so that two transactions never wait for each other.
 */
export async function writeRecords(
  db: Transaction<Tables>,
  records: readonly StoreRecord[],
  context: RecordContext,
): Promise<void> {
  const byAccount = groupBy(records, ({ accountId }) => accountId);
  for (const accountId of [...byAccount.keys()].sort()) {
    await writeAccount(db, byAccount.get(accountId) ?? [], { ...context, accountId });
  }
}

async function writeAccount(
  db: Transaction<Tables>,
  records: readonly StoreRecord[],
  { accountId, actor, requestId, at, dialect }: RecordContext & { readonly accountId: string },
): Promise<void> {
  const told = records.filter((record) => !record.auditOnly);
  const after = await db
    .updateTable('counters')
    .set((eb) => ({
      eventSeq: eb('eventSeq', '+', told.length),
      auditSeq: eb('auditSeq', '+', records.length),
    }))
    .where('accountId', '=', accountId)
    .returning(['eventSeq', 'auditSeq', 'auditHash'])
    .executeTakeFirstOrThrow();
  let hash: Uint8Array = after.auditHash;
  const firstAudit = after.auditSeq - records.length + 1;
  const entries = records.map(({ type, subject, data = {} }, n) => {
    const seq = firstAudit + n;
    const body = canonicalJson({ seq, at, actor, requestId, type, subject, data });
    hash = auditHash(hash, body);
    return { accountId, seq, hash, body };
  });
  const firstEvent = after.eventSeq - told.length + 1;
  const events = told.map(({ type, subject, data = {} }, n) => ({
    ...{ accountId, seq: firstEvent + n, type, subject, at },
    data: canonicalJson(data),
  }));
  if (dialect === 'postgres' && events.length > 0) {
    // One statement instead of three: whoever else changes something of the account waits for all of them.
    await db
      .with('audited', (also) => also.insertInto('audit').values(entries))
      .with('told', (also) => also.insertInto('events').values(events))
      .updateTable('counters')
      .set({ auditHash: hash })
      .where('accountId', '=', accountId)
      .execute();
    return;
  }
  await db.insertInto('audit').values(entries).execute();
  if (events.length > 0) await db.insertInto('events').values(events).execute();
  await db
    .updateTable('counters')
    .set({ auditHash: hash })
    .where('accountId', '=', accountId)
    .execute();
}
