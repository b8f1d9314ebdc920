import { toHex } from '../../kernel/bytes.ts';
import { AUDIT_GENESIS, auditHash } from './records.ts';
import type { Reader } from './store.ts';

/** One event of an account's feed. */
export interface FeedEvent {
  readonly seq: number;
  readonly type: string;
  readonly subject: string;
  readonly at: string;
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
}

/** The events after `after`, in order, at most `limit`: without gaps, or of one subject alone. */
export async function eventsAfter(
  db: Reader,
  accountId: string,
  asked: { readonly after: number; readonly limit: number; readonly subject?: string },
): Promise<FeedEvent[]> {
  const { after, limit, subject } = asked;
  const rows = await db
    .selectFrom('events')
    .select(['seq', 'type', 'subject', 'at', 'data'])
    .where('accountId', '=', accountId)
    .where('seq', '>', after)
    .$if(subject !== undefined, (query) => query.where('subject', '=', subject ?? ''))
    .orderBy('seq')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, data: JSON.parse(row.data) as FeedEvent['data'] }));
}

/** The number of the account's last event, 0 where it has none. */
export async function lastEvent(db: Reader, accountId: string): Promise<number> {
  const query = db.selectFrom('counters').select('eventSeq').where('accountId', '=', accountId);
  return (await query.executeTakeFirst())?.eventSeq ?? 0;
}

/** How an account's audit chain stands. */
export type AuditCheck =
  | { readonly entries: number; readonly head: string }
  | { readonly brokenAt: number; readonly reason: string };

const BATCH = 1_000;

/**
 * Walks an account's chain from its first entry to the one that the counter row names; what is added
 * meanwhile is left for the next time.
 */
export async function checkAudit(db: Reader, accountId: string): Promise<AuditCheck> {
  const end = await db
    .selectFrom('counters')
    .selectAll()
    .where('accountId', '=', accountId)
    .executeTakeFirst();
  const last = end?.auditSeq ?? 0;
  let hash: Uint8Array = AUDIT_GENESIS;
  let seq = 0;
  while (seq < last) {
    const rows = await db
      .selectFrom('audit')
      .selectAll()
      .where('accountId', '=', accountId)
      .where('seq', '>', seq)
      .where('seq', '<=', last)
      .orderBy('seq')
      .limit(BATCH)
      .execute();
    if (rows.length === 0) return { brokenAt: seq + 1, reason: 'its end is missing' };
    for (const row of rows) {
      const brokenAt = seq + 1;
      if (row.seq !== brokenAt) return { brokenAt, reason: 'an entry is missing' };
      hash = auditHash(hash, row.body);
      if (toHex(hash) !== toHex(row.hash)) return { brokenAt, reason: 'an entry was altered' };
      seq = brokenAt;
    }
  }
  if (end && toHex(end.auditHash) !== toHex(hash)) {
    return { brokenAt: seq, reason: 'its end was altered' };
  }
  return { entries: seq, head: toHex(hash) };
}
