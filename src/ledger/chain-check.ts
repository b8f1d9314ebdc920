import { fromHex, toHex } from '../kernel/bytes.ts';
import { canonicalJson } from '../kernel/canonical-json.ts';
import { KeylineError } from '../kernel/errors.ts';
import { openDatabase } from '../kernel/sqlite.ts';
import type { SqlDatabase, SqlStatement } from '../kernel/sqlite.ts';
import type { LedgerEvent } from '../model/ledger-event.ts';
import { openLedgerHead } from '../seals/ledger-head.ts';
import { chainHash, GENESIS } from './chain.ts';
import type { LedgerHead } from './chain.ts';
import { parseEvent } from './ledger-file.ts';
import { Projection } from './projection.ts';
import { PROJECTION } from './schema.ts';

/** One thing that is wrong with a ledger. */
export interface LedgerIssue {
  /** The event where it shows, or undefined for the ledger as a whole. */
  readonly seq?: number;
  readonly problem: string;
}

const MOST_ISSUES = 100;

/** Walks a chain event by event: order, shape, hash, and whether each event was allowed after those before it. */
export class ChainCheck implements Disposable {
  readonly issues: LedgerIssue[] = [];
  /** The replayed tables of schema.ts. */
  readonly replay: SqlDatabase;
  identity: LedgerEvent<'created'> | undefined;
  readonly #projection: Projection;
  readonly #hashes = new Map<number, string>();
  readonly #wanted: ReadonlySet<number>;
  readonly #insert: SqlStatement | undefined;
  #head: LedgerHead = { seq: 0, hash: toHex(GENESIS) };
  #replays = true;
  #isKept = false;

  private constructor(
    replay: SqlDatabase,
    wanted: readonly number[],
    options: { readonly keepsEvents: boolean },
  ) {
    this.replay = replay;
    this.#wanted = new Set(wanted);
    replay.exec('PRAGMA synchronous = OFF');
    replay.exec('BEGIN');
    this.#projection = new Projection(replay);
    if (options.keepsEvents) this.#insert = replay.prepare('INSERT INTO events VALUES (?, ?, ?)');
  }

  /** `wanted`: the events whose hash signed heads name. */
  static async begin(wanted: readonly number[]): Promise<ChainCheck> {
    const replay = await openDatabase('');
    replay.exec(PROJECTION);
    return new ChainCheck(replay, wanted, { keepsEvents: false });
  }

  /** The same, whose replay is a ledger of its own: it gets the events too, and stays with `keep`. */
  static into(ledger: SqlDatabase, wanted: readonly number[]): ChainCheck {
    return new ChainCheck(ledger, wanted, { keepsEvents: true });
  }

  /** The last event that was taken. */
  get head(): LedgerHead {
    return this.#head;
  }

  /** Takes the next event as it is stored. */
  take(seq: number, hash: Uint8Array, body: string): void {
    const previous = fromHex(this.#head.hash) ?? GENESIS;
    const event = parseEvent(body);
    if (seq !== this.#head.seq + 1) this.#add(seq, `event ${this.#head.seq + 1} is missing`);
    if (toHex(chainHash(previous, body)) !== toHex(hash)) {
      this.#add(seq, 'its hash does not follow from the event before it');
    }
    this.#head = { seq, hash: toHex(hash) };
    if (this.#wanted.has(seq)) this.#hashes.set(seq, toHex(hash));
    if (!event) {
      this.#add(seq, 'it is no event of any known shape');
    } else {
      if (canonicalJson(event) !== body) this.#add(seq, 'it is not written canonically');
      if (event.seq !== seq) this.#add(seq, `it calls itself event ${event.seq}`);
      if (seq === 1 && event.type === 'created') this.identity = event;
      if ((seq === 1) !== (event.type === 'created'))
        this.#add(seq, 'it stands in the wrong place');
    }
    if (this.issues.length === 0) this.#insert?.run(seq, hash, body);
    this.#replay(seq, event);
  }

  /** Checks a signed head against the chain. Returns the event it covers, 0 where it proves nothing. */
  async checkHead(statement: string, source: string): Promise<number> {
    try {
      const head = await openLedgerHead(statement);
      const { identity } = this;
      if (head.stationKey !== identity?.stationKey || head.epoch !== identity.epoch) {
        this.#add(undefined, `${source} is of another ledger or another station`);
      } else if (head.seq > this.#head.seq) {
        this.#add(
          undefined,
          `${source} covers ${head.seq} events, and there are ${this.#head.seq}`,
        );
      } else if (this.#hashes.get(head.seq) !== head.hash) {
        this.#add(head.seq, `${source} names another hash`);
      } else {
        return head.seq;
      }
    } catch (error) {
      if (!(error instanceof KeylineError)) throw error;
      this.#add(undefined, `${source} is not signed by its station`);
    }
    return 0;
  }

  /** Lets a signed head name the last event. */
  keepLast(): void {
    this.#hashes.set(this.#head.seq, this.#head.hash);
  }

  /** Adds what a caller found. */
  add(problem: string): void {
    this.#add(undefined, problem);
  }

  /** Leaves the replay to whoever gave it, open. */
  keep(): void {
    this.replay.exec('COMMIT');
    this.#isKept = true;
  }

  [Symbol.dispose](): void {
    if (this.#isKept) return;
    this.replay.exec('ROLLBACK');
    this.replay.close();
  }

  /** After the first event that does not fit, what follows cannot be judged. */
  #replay(seq: number, event: LedgerEvent | undefined): void {
    if (!this.#replays) return;
    try {
      if (event) this.#projection.apply(event);
      else this.#replays = false;
    } catch (error) {
      if (!(error instanceof KeylineError)) throw error;
      this.#replays = false;
      this.#add(seq, `it was not allowed: ${error.message}`);
    }
  }

  #add(seq: number | undefined, problem: string): void {
    if (this.issues.length < MOST_ISSUES) {
      this.issues.push({ ...(seq !== undefined && { seq }), problem });
    }
  }
}

/** The event that an unverified head names, or 0. */
export function namedSeq(statement: string): number {
  try {
    const text = Buffer.from(statement.split('.')[1] ?? '', 'base64url').toString();
    const { seq } = JSON.parse(text) as { seq?: unknown };
    return typeof seq === 'number' ? seq : 0;
  } catch {
    return 0;
  }
}
