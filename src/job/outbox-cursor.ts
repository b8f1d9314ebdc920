import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../kernel/atomic-file.ts';
import { isErrno } from '../kernel/errors.ts';
import type { LedgerReader } from '../ledger/ledger.ts';

/** Which registry, account and lot a cursor is for. */
export interface CursorPlace {
  readonly url: string;
  readonly accountId: string;
  readonly lotId: string;
}

interface Position {
  /** Of the ledger. */
  readonly epoch: string;
  /** Its last event of which the registry was told. */
  readonly seq: number;
}

/**
 * How far a registry was told of a ledger: a place in it, and nothing else. One that is lost, or of
 * another ledger, is the beginning: what is told again is `unchanged` there.
 */
export class OutboxCursor {
  readonly #path: string;
  readonly #key: string;
  #seq = 0;

  private constructor(path: string, { url, accountId, lotId }: CursorPlace) {
    this.#path = path;
    this.#key = `${url} ${accountId} ${lotId}`;
  }

  /** The cursor kept at `path`, where it is of this ledger; else, and `fromStart`, its beginning. */
  static async open(
    path: string,
    place: CursorPlace,
    { ledger, fromStart = false }: { readonly ledger: LedgerReader; readonly fromStart?: boolean },
  ): Promise<OutboxCursor> {
    const cursor = new OutboxCursor(path, place);
    const known = (await readPositions(path))[cursor.#key];
    const isOfLedger = known?.epoch === ledger.identity.epoch && known.seq <= ledger.head().seq;
    if (isOfLedger && !fromStart) cursor.#seq = known.seq;
    return cursor;
  }

  /** Sequence number of the last event that was told; 0 at the beginning. */
  get seq(): number {
    return this.#seq;
  }

  /** Moves on; on disk when it resolves. The process that has the ledger open is the only one that does. */
  async moveTo(seq: number, { identity }: Pick<LedgerReader, 'identity'>): Promise<void> {
    if (seq === this.#seq) return;
    const position: Position = { epoch: identity.epoch, seq };
    const positions = { ...(await readPositions(this.#path)), [this.#key]: position };
    const text = `${JSON.stringify(positions, null, 2)}\n`;
    await writeFileAtomic(this.#path, text, { mode: 0o644, force: true });
    this.#seq = seq;
  }
}

async function readPositions(path: string): Promise<Readonly<Record<string, Position>>> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Readonly<Record<string, Position>>;
  } catch (error) {
    if (isErrno(error, 'ENOENT') || error instanceof SyntaxError) return {};
    throw error;
  }
}
