import type { Kysely, Transaction } from 'kysely';
import type { Tables } from './tables.ts';

/** What happened to what: it becomes an audit entry and, unless said otherwise, an event. */
export interface StoreRecord {
  /** Whose chain and feed. */
  readonly accountId: string;
  /** `<noun>.<what became of it>`: `device.quarantined`. */
  readonly type: string;
  /** The id of what it happened to. */
  readonly subject: string;
  /** Ids, states and numbers; never a name or an address, so that a person can be erased. */
  readonly data?: Readonly<Record<string, string | number | boolean | null>>;
  /** Tells the auditor alone, as a failed log-in does. */
  readonly auditOnly?: boolean;
}

/** Who changes, for the audit log: `pr_…`, `dv_…` or `registry` itself, and under which request. */
export interface Origin {
  readonly actor: string;
  readonly requestId?: string | undefined;
}

/** One transaction under way. */
export interface Change {
  readonly db: Transaction<Tables>;
  readonly dialect: Dialect;
  /** The time of everything in it, ISO 8601 UTC with milliseconds. */
  readonly at: string;
  /** Written when the work is done, in the same transaction; without it nothing is changed. */
  record(record: StoreRecord): void;
  /** Wakes whoever waits for this id, in every process, after the commit; records wake their account and subject. */
  wake(id: string): void;
}

export type Dialect = 'sqlite' | 'postgres';

/** Statements outside a transaction: each sees what was committed. */
export type Reader = Kysely<Tables>;

/**
 * The registry's database. What is done in it is a function of a `Change` or a `Reader`, one noun a
 * file beside this one. Methods throw `registry-unavailable` where the database does not answer.
 */
export interface Store extends AsyncDisposable {
  readonly dialect: Dialect;
  readonly reader: Reader;
  /**
   * Runs `work` in one transaction with its audit entries and events: all is on disk when this
   * resolves, or nothing when it rejects. PostgreSQL may ask for it again: `work` has no other effects.
   */
  change<T>(origin: Origin, work: (change: Change) => Promise<T>): Promise<T>;
  /**
   * Calls `onWake` with each id that was changed (of `ids`, where given), in any process, until disposed;
   * undefined where some may have been missed, so that whoever waits looks again.
   */
  watch(onWake: (id: string | undefined) => void, ids?: readonly string[]): Disposable;
  /** The keyline error for what the database said through `reader`; others pass unchanged. */
  explain(error: unknown): unknown;
  /** Resolves once the database has answered. */
  ping(): Promise<void>;
}
