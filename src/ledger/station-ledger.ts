import { writeFileAtomic } from '../kernel/atomic-file.ts';
import { fromHex } from '../kernel/bytes.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import { inTransaction } from '../kernel/sqlite.ts';
import type { LotId } from '../model/ids.ts';
import { eventText } from '../model/ledger-event.ts';
import type { EventContext, NewEvent } from '../model/ledger-event.ts';
import { formatRange, intersection } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import type { UnitRecord } from '../model/unit-record.ts';
import { openLedgerHead, signLedgerHead } from '../seals/ledger-head.ts';
import { GENESIS } from './chain.ts';
import type { LedgerEntry } from './chain.ts';
import { HeadFile } from './head-file.ts';
import type { LedgerFile } from './ledger-file.ts';
import { LedgerQueries } from './ledger-queries.ts';
import type {
  AdoptRequest,
  Admission,
  Imported,
  ImportedRow,
  Ledger,
  LedgerStation,
  RecordedEvent,
  Reservation,
  ReserveRequest,
} from './ledger.ts';
import { importedEvent, recordRows, unknownRows } from './imported-rows.ts';
import { ALL_INDEXES, duplicateId } from './projection.ts';
import type { LedgerLot } from './projection.ts';
import { requireReached } from './require-reached.ts';
import { reservationOf, unitOf } from './reservation.ts';
import { cleanCaptures, cleaned, writeEvent } from './write-event.ts';

/** What a station's ledger is opened with, checked by open-ledger.ts. */
export interface LedgerParts {
  readonly station: LedgerStation;
  readonly toolVersion: string;
  readonly clock: Clock;
  readonly witness: string | undefined;
  readonly acknowledged: string;
}

/** The ledger of the station that runs. */
export class StationLedger extends LedgerQueries implements Ledger {
  readonly #parts: LedgerParts;
  readonly #witness: HeadFile | undefined;
  readonly #insert;
  /** Of the last event that is committed. */
  #seq: number;
  #signedSeq = 0;
  #isClosed = false;

  constructor(file: LedgerFile, parts: LedgerParts) {
    super(file);
    this.#parts = parts;
    this.#insert = file.guard(() => this.database.prepare('INSERT INTO events VALUES (?, ?, ?)'));
    this.#seq = this.head().seq;
    if (parts.witness !== undefined) {
      this.#witness = new HeadFile(parts.witness, () => this.#signHead());
    }
  }

  /** Frees what a run that died had reserved and not begun to write, and brings the witness up to date. */
  async recover(): Promise<void> {
    const reserved: UnitRecord[] = [];
    for (const { lotId } of this.lots()) {
      for await (const unit of this.units(lotId, ['reserved'])) reserved.push(unit);
    }
    const reason = 'the run that reserved it ended before it wrote';
    await this.#commit(() => {
      for (const unit of reserved) {
        // A replacement is for one device, whichever run writes it.
        if (unit.replaces !== undefined) continue;
        this.#append({ type: 'released', ...unitOf(unit), code: 'interrupted', reason });
      }
    });
  }

  admit(request: Admission): Promise<readonly Range[]> {
    return this.#commit(() => this.#admit(request));
  }

  reserve(request: ReserveRequest): Promise<Reservation> {
    const { hardwareId, lotId, ranges, ...context } = request;
    return this.#commit(() => {
      const lot = this.lotOf(lotId);
      const held = this.projection.liveUnit(hardwareId);
      if (held && held.lotId !== lotId) throw duplicateId(hardwareId, held);
      if (held) return reservationOf(held, false);
      const index = this.#nextPlanned(lot, ranges);
      return this.#reserved({ ...context, lotId, index, hardwareId });
    });
  }

  adopt(request: AdoptRequest): Promise<Reservation> {
    const { captures, ...event } = request;
    return this.#commit(() => {
      const lot = this.lotOf(request.lotId);
      this.#append({
        type: 'adopted',
        ...event,
        attempt: 1,
        ...(captures && { captures: cleanCaptures(captures) }),
      });
      return reservationOf(this.#unitAt(lot, request.index), true);
    });
  }

  record(event: RecordedEvent): Promise<LedgerEntry> {
    return this.#commit(() => {
      if (event.type === 'refused' || event.type === 'printed') return this.#append(cleaned(event));
      const before = this.projection.unit(this.lotOf(event.lotId), event.index);
      const attempt = (before?.failures ?? 0) + 1;
      return this.#append(cleaned({ ...event, attempt }));
    });
  }

  importAll(rows: readonly ImportedRow[], admission?: Admission): Promise<Imported> {
    return this.#commit(() => {
      if (admission) this.#admit(admission);
      const { fresh, known } = unknownRows(rows, (row) => this.unit(row.lotId, row.index));
      recordRows(fresh, (row) => {
        const before = this.projection.unit(this.lotOf(row.lotId), row.index);
        this.#append(importedEvent(row, (before?.failures ?? 0) + 1));
      });
      return { recorded: fresh.length, known };
    });
  }

  replace(
    unit: { readonly lotId: LotId; readonly index: number },
    options: EventContext & { readonly reason: string },
  ): Promise<Reservation> {
    const { reason, ...context } = options;
    return this.#commit(() => {
      const lot = this.lotOf(unit.lotId);
      const old = this.#unitAt(lot, unit.index);
      const spare = { from: lot.size, count: lot.spare };
      const by = this.projection.spans.first(lot.key, 'free', spare);
      if (by === undefined) throw usedUp(lot, 'no spare unit');
      const { lotId, index, hardwareId, attempt } = unitOf(old);
      const place = { ...context, lotId, hardwareId };
      this.#append({ type: 'replaced', ...place, index, attempt, by, reason: eventText(reason) });
      return this.#reserved({ ...place, index: by, replaces: index });
    });
  }

  surrender(
    lotId: LotId,
    options: { readonly reason: string; readonly ranges?: readonly Range[] },
  ): Promise<readonly Range[]> {
    return this.#commit(() => {
      const { key } = this.lotOf(lotId);
      const wanted = options.ranges ?? [ALL_INDEXES];
      const ranges = wanted.flatMap((range) => [
        ...this.projection.spans.ranges(key, 'free', range),
      ]);
      const reason = eventText(options.reason);
      if (ranges.length > 0) this.#append({ type: 'surrendered', lotId, ranges, reason });
      return ranges;
    });
  }

  async signedHead(): Promise<string> {
    const { seq, statement } = await this.#signHead();
    this.file.guard(() => {
      this.database.prepare('INSERT OR REPLACE INTO head VALUES (1, ?)').run(statement);
    });
    this.#signedSeq = seq;
    return statement;
  }

  async acknowledge(statement: string): Promise<void> {
    requireReached(this.file, await openLedgerHead(statement), 'what the registry acknowledged');
    const options = { mode: 0o644, force: true } as const;
    await writeFileAtomic(this.#parts.acknowledged, `${statement}\n`, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (this.#signedSeq < this.#seq) await this.signedHead();
    } catch (error) {
      // An older head stays in the ledger; everything acknowledged is there all the same.
      if (!(error instanceof KeylineError && error.code === 'disk-full')) throw error;
    } finally {
      this.file[Symbol.dispose]();
    }
  }

  /** All of `work` is on disk, and then in the witness, or nothing is. */
  async #commit<T>(work: () => T): Promise<T> {
    const result = this.file.guard(() => inTransaction(this.database, work));
    const { seq } = this.head();
    this.#seq = seq;
    await this.#witness?.keep(seq);
    return result;
  }

  /** Stamps, chains and adds up one event, within a transaction. */
  #append(event: NewEvent): LedgerEntry {
    const { seq, hash } = this.file.head();
    const stamped = {
      ...event,
      seq: seq + 1,
      at: this.#parts.clock.now().toISOString(),
      station: this.#parts.station.card.name,
      toolVersion: this.#parts.toolVersion,
    };
    const entry = writeEvent(stamped, fromHex(hash) ?? GENESIS, (body, digest) => {
      this.#insert.run(seq + 1, digest, body);
    });
    this.projection.apply(entry.event);
    return entry;
  }

  #admit(request: Admission): readonly Range[] {
    const { lotId, size, spare, use = 'here', reference, reason, operator } = request;
    const all = { from: 0, count: size + spare };
    const key = this.projection.lot(lotId)?.key ?? -1;
    const kind = use === 'here' ? 'admitted' : 'expected';
    const ranges = request.ranges
      .map((range) => intersection(range, all))
      .flatMap((range) => (range ? [...this.projection.spans.gaps(key, kind, range)] : []));
    if (ranges.length > 0) {
      this.#append({
        type: 'admitted',
        ...{ lotId, size, spare, ranges, use },
        ...(reference !== undefined && { reference }),
        ...(reason !== undefined && { reason: eventText(reason) }),
        ...(operator !== undefined && { operator }),
      });
    }
    return ranges;
  }

  #reserved(event: Omit<NewEvent<'reserved'>, 'type' | 'attempt'>): Reservation {
    this.#append({ type: 'reserved', ...event, attempt: 1 });
    return reservationOf(this.#unitAt(this.lotOf(event.lotId), event.index), true);
  }

  #unitAt(lot: LedgerLot, index: number): UnitRecord {
    const unit = this.projection.unit(lot, index);
    if (unit) return unit;
    throw new KeylineError('not-found', {
      message: `no device has unit ${index} of lot ${lot.lotId}`,
      facts: { lotId: lot.lotId, index },
    });
  }

  /** The lowest free planned index; one that was released is as free as one that was never given. */
  #nextPlanned(lot: LedgerLot, ranges: readonly Range[] | undefined): number {
    const planned = { from: 0, count: lot.size };
    const wanted = (ranges ?? [planned])
      .flatMap((range) => intersection(range, planned) ?? [])
      .sort((a, b) => a.from - b.from);
    for (const range of wanted) {
      const index = this.projection.spans.first(lot.key, 'free', range);
      if (index !== undefined) return index;
    }
    const { spans } = this.projection;
    if (wanted.some((range) => spans.first(lot.key, 'admitted', range) !== undefined)) {
      throw usedUp(lot, 'no unit');
    }
    throw new KeylineError('outside-grant', {
      message: `none of units ${wanted.map(formatRange).join(', ')} of lot ${lot.lotId} is in this ledger`,
      facts: { lotId: lot.lotId },
    });
  }

  async #signHead(): Promise<{ seq: number; statement: string }> {
    const { stationKey, machineId, epoch } = this.identity;
    const head = this.head();
    const statement = { stationKey, machineId, epoch, ...head };
    return {
      seq: head.seq,
      statement: await signLedgerHead(statement, this.#parts.station.signingKey),
    };
  }
}

function usedUp(lot: LedgerLot, what: string): KeylineError {
  return new KeylineError('lot-used-up', {
    message: `${what} of lot ${lot.lotId} is free any more`,
    facts: { lotId: lot.lotId },
  });
}
