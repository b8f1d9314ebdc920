import { open, readFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Check } from 'typebox/value';
import { outputError } from '../kernel/atomic-file.ts';
import { isoSeconds, systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { tryLock } from '../kernel/file-lock.ts';
import type { FileLock } from '../kernel/file-lock.ts';
import type { LotId } from '../model/ids.ts';
import { formatRange, intersection } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import { AllocationSchema, parseAllocation, takesCredential } from './allocation.ts';
import type { Allocation } from './allocation.ts';
import type { Home } from './home.ts';
import { LotStore } from './lot-store.ts';
import { outstanding } from './outstanding.ts';

export type { Allocation };

/** What is asked of the book. */
export interface AllocationRequest {
  readonly range: Range;
  readonly purpose: Allocation['purpose'];
  /** Who takes it: a station's name, a person, a program. */
  readonly who: string;
  readonly why?: string | undefined;
  readonly again?: string | undefined;
  readonly reference?: string | undefined;
}

interface BookContent {
  readonly entries: Allocation[];
  /** The last line was cut short. */
  readonly torn: boolean;
  /** Length of what stays. */
  readonly soundBytes: number;
  readonly needsLineFeed: boolean;
}

const LINE_FEED = 10;
const LOCK_WAIT_MS = 10_000;
const LOCK_POLL_MS = 15;

/**
 * A lot's allocation book: append-only JSON lines, each on disk before the first secret of its range
 * leaves. A command that fails afterwards leaves its line, because what was written may have been read.
 */
export class AllocationBook {
  readonly #path: string;
  readonly #lot: LotId;
  readonly #clock: Clock;
  readonly #home: Home;

  private constructor(home: Home, lot: LotId, clock: Clock) {
    this.#home = home;
    this.#path = join(home.lotDir(lot), 'allocations.jsonl');
    this.#lot = lot;
    this.#clock = clock;
  }

  /** The book of a lot of this home; it need not exist yet. */
  static open(home: Home, lot: LotId, clock: Clock = systemClock): AllocationBook {
    return new AllocationBook(home, lot, clock);
  }

  /** Every entry in the order of the book. Throws `book-damaged`. */
  async entries(): Promise<Allocation[]> {
    return (await this.#read()).entries;
  }

  /** Whether a crash has left a line that was never finished; the next entry takes its place. */
  async hasTornLine(): Promise<boolean> {
    return (await this.#read()).torn;
  }

  /**
   * Throws what `allocate` would without `again`, so that a command can stop before it works for a
   * range that is taken. Only `allocate` takes it.
   */
  async requireFree(range: Range): Promise<void> {
    await this.#requireOpen();
    const met = meeting(outstanding(await this.entries()), range);
    if (met) throw this.#refusal(range, met);
  }

  /**
   * Takes the range and resolves once that is on disk. Throws `already-allocated` where an entry
   * meets it and no `again` is given, `lot-closed`, `home-busy` when the book stays locked,
   * `book-damaged`.
   */
  async allocate(request: AllocationRequest): Promise<Allocation> {
    const [entry] = await this.#append([request], (entries) => {
      // A label and a credential of one unit leave apart, each of them once.
      const others = takesCredential(request)
        ? outstanding(entries)
        : entries.filter((entry) => entry.purpose === request.purpose);
      const met = meeting(others, request.range);
      if (met && request.again === undefined) throw this.#refusal(request.range, met);
    });
    if (entry) return entry;
    throw new Error('an entry was asked for');
  }

  /**
   * Enters what came back unused, all of it or, after a crash, the first of it; `reference` is that under
   * which it left. Twice is as once. Throws as `allocate` does, but for `already-allocated`.
   */
  async giveBack(
    requests: readonly (Omit<AllocationRequest, 'purpose' | 'again'> & {
      readonly reference: string;
    })[],
  ): Promise<void> {
    await this.#append(requests.map((request) => ({ ...request, purpose: 'returned' })));
  }

  /** Puts entries on disk at the end of the book, which nobody else changes meanwhile. */
  async #append(
    requests: readonly AllocationRequest[],
    check: (entries: readonly Allocation[]) => void = () => undefined,
  ): Promise<Allocation[]> {
    await this.#home.folder(dirname(this.#path));
    await using _lock = await this.#takeLock();
    await this.#requireOpen();
    const { entries, soundBytes, needsLineFeed } = await this.#read();
    check(entries);
    const added = requests.map((request) => this.#entry(request));
    const lines = added.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    try {
      await using file = await open(this.#path, 'a', 0o600);
      await dropTorn(file, soundBytes);
      await file.appendFile(`${needsLineFeed ? '\n' : ''}${lines}`);
      await file.sync();
      // The first entry is no safer than the name of the file it stands in.
      if (entries.length === 0) await syncDirectory(dirname(this.#path));
      return added;
    } catch (error) {
      throw outputError(this.#path, error);
    }
  }

  #entry({ range, purpose, who, why, again, reference }: AllocationRequest): Allocation {
    const entry = {
      at: isoSeconds(this.#clock.now()),
      from: range.from,
      count: range.count,
      purpose,
      who,
      ...(why !== undefined && { why }),
      ...(again !== undefined && { again }),
      ...(reference !== undefined && { reference }),
    };
    if (again?.trim() === '' || !Check(AllocationSchema, entry)) {
      throw new KeylineError('usage', {
        message:
          'who, why and the reason for --again are at most 512 characters, and a reason is not empty',
      });
    }
    return entry;
  }

  #refusal(range: Range, met: Allocation): KeylineError {
    return new KeylineError('already-allocated', {
      message: `units ${formatRange(range)} meet ${formatRange(met)}, which left the lot on ${met.at} (${met.purpose}, ${met.who})`,
      facts: {
        lotId: this.#lot,
        range: formatRange(range),
        taken: formatRange(met),
        at: met.at,
        purpose: met.purpose,
        who: met.who,
      },
    });
  }

  async #requireOpen(): Promise<void> {
    const closedAt = await new LotStore(this.#home).closedAt(this.#lot);
    if (closedAt === undefined) return;
    throw new KeylineError('lot-closed', {
      message: `lot ${this.#lot} was closed at ${closedAt}: no secret leaves it any more`,
      facts: { lotId: this.#lot, closedAt },
    });
  }

  async #takeLock(): Promise<FileLock> {
    const deadline = Date.now() + LOCK_WAIT_MS;
    for (;;) {
      const lock = await tryLock(`${this.#path}.lock`);
      if (lock) return lock;
      if (Date.now() > deadline) {
        throw new KeylineError('home-busy', {
          message: `the allocation book of ${this.#lot} is held by another command`,
        });
      }
      await sleep(LOCK_POLL_MS);
    }
  }

  /**
   * A last line that a crash cut short is dropped: its write never returned, so its secret never
   * left. One that is whole but for its line feed counts. Damage anywhere else is no crash's doing.
   */
  async #read(): Promise<BookContent> {
    const bytes = await readFile(this.#path).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return Buffer.alloc(0);
      throw error;
    });
    const lines = bytes.toString('utf8').split('\n');
    const tail = lines.pop() ?? '';
    const entries = lines.map((line, at) => parseAllocation(line) ?? this.#damaged(at + 1));
    const last = parseAllocation(tail);
    if (last) entries.push(last);
    const torn = tail !== '' && last === undefined;
    const soundBytes = torn ? bytes.lastIndexOf(LINE_FEED) + 1 : bytes.length;
    return { entries, torn, soundBytes, needsLineFeed: last !== undefined };
  }

  #damaged(line: number): never {
    throw new KeylineError('book-damaged', {
      message: `line ${line} of the allocation book of ${this.#lot} cannot be read`,
      facts: { path: this.#path, line },
    });
  }
}

async function dropTorn(file: FileHandle, soundBytes: number): Promise<void> {
  if ((await file.stat()).size > soundBytes) await file.truncate(soundBytes);
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}

function meeting(entries: readonly Allocation[], range: Range): Allocation | undefined {
  return entries.find((entry) => intersection(entry, range) !== undefined);
}
