import { createHash } from 'node:crypto';
import { answersOf } from '../history.ts';
import { byKey } from '../scene.ts';
import type { Check } from '../scene.ts';
import { nameOf } from './answers.ts';

const PREFIX = Buffer.from('keyline/v1 audit\0');
const GENESIS = Buffer.alloc(32);

interface Entry {
  readonly seq: number;
  readonly at: string;
  readonly type: string;
  readonly subject: string;
  readonly requestId?: string;
}

/** Every account’s chain and feed are whole, and say what happened. */
export const checkRecords: Check = (scene, add) => {
  const { history, state } = scene;
  const audit = byKey(state.audit, ({ accountId }) => accountId);
  const events = byKey(state.events, ({ accountId }) => accountId);
  const requests = new Set<string>();
  for (const { accountId, eventSeq, auditSeq, auditHash } of state.counters) {
    const rows = (audit.get(accountId) ?? []).toSorted((a, b) => a.seq - b.seq);
    let hash: Uint8Array = GENESIS;
    const entries = rows.map(({ seq, hash: kept, body }, at) => {
      const own = createHash('sha256').update(PREFIX).update(hash).update(body).digest();
      const entry = JSON.parse(body) as Entry;
      if (seq !== at + 1 || entry.seq !== seq || !own.equals(kept)) {
        add('audit-whole', `entry ${seq} of ${accountId} breaks the chain`);
      }
      hash = kept;
      if (entry.requestId !== undefined) requests.add(entry.requestId);
      return entry;
    });
    if (entries.length !== auditSeq || !Buffer.from(hash).equals(auditHash)) {
      add('audit-whole', `the chain of ${accountId} ends before its end`);
    }
    const feed = (events.get(accountId) ?? []).toSorted((a, b) => a.seq - b.seq);
    if (feed.length !== eventSeq || feed.some(({ seq }, at) => seq !== at + 1)) {
      add(
        'feed-whole',
        `the feed of ${accountId} has ${feed.length} events, numbered to ${eventSeq}`,
      );
    }
    let at = 0;
    for (const event of feed) {
      while (at < entries.length && !isSame(entries[at], event)) at += 1;
      if (at++ >= entries.length) {
        add('audit-whole', `event ${event.seq} of ${accountId}, ${event.type}, has no entry`);
        break;
      }
    }
  }
  checkFollowers(scene, add);
  for (const call of history.calls) {
    if (call.asked.kind !== 'upload' && call.asked.kind !== 'transfer') continue;
    const made = answersOf(call).filter(({ status, isReplay }) => status === 201 && !isReplay);
    for (const { requestId } of made) {
      if (!requests.has(requestId)) add('audit-whole', `${nameOf(call)} left no audit entry`);
    }
  }
  checkEnds(scene, add);
};

/** Whoever followed a feed got all of it up to where it came, each event once, in its order. */
const checkFollowers: Check = ({ history, state }, add) => {
  const ids = new Map(state.accounts.map(({ handle, id }) => [handle, id]));
  const events = byKey(state.events, ({ accountId }) => accountId);
  for (const [handle, seen] of Object.entries(history.feeds)) {
    const kept = new Map(
      (events.get(ids.get(handle) ?? '') ?? []).map((event) => [event.seq, event]),
    );
    for (const [at, event] of seen.entries()) {
      if (event.seq !== at + 1) {
        add('feed-whole', `${handle} got event ${event.seq} where ${at + 1} comes`);
        break;
      }
      if (!isSame(kept.get(event.seq), event)) {
        add('feed-whole', `${handle} got event ${event.seq}, ${event.type}, which is not there`);
      }
    }
  }
};

/** Both sides of a transfer have on record how it ended. */
const checkEnds: Check = ({ state }, add) => {
  const last = new Map<string, string>();
  const rows = state.audit.toSorted((a, b) => a.seq - b.seq);
  for (const { accountId, body } of rows) {
    const { type, subject } = JSON.parse(body) as Entry;
    if (subject.startsWith('tr_')) last.set(`${accountId} ${subject}`, type);
  }
  for (const { id, state: stands, sourceAccountId, destinationAccountId } of state.transfers) {
    const expected = stands === 'open' ? 'transfer.requested' : `transfer.${stands}`;
    for (const accountId of [sourceAccountId, destinationAccountId]) {
      const said = last.get(`${accountId} ${id}`);
      if (said === expected) continue;
      add('audit-whole', `${id} is ${stands}; the last entry of ${accountId} is ${String(said)}`);
    }
  }
};

function isSame(
  one: { readonly type: string; readonly subject: string; readonly at: string } | undefined,
  other: { readonly type: string; readonly subject: string; readonly at: string },
): boolean {
  return one?.type === other.type && one.subject === other.subject && one.at === other.at;
}
