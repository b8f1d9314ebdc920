import { canonicalJson } from '../kernel/canonical-json.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { SqlDatabase, SqlStatement } from '../kernel/sqlite.ts';
import type { LotId } from '../model/ids.ts';
import type { LedgerEvent } from '../model/ledger-event.ts';
import { formatRange, INDEX_LIMIT } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import type { UnitRecord } from '../model/unit-record.ts';
import { isLive, nextState } from '../model/unit-state.ts';
import type { UnitState } from '../model/unit-state.ts';
import { IndexSpans } from './index-spans.ts';
import { changedRecord } from './unit-change.ts';
import type { UnitEvent } from './unit-change.ts';

/** A lot that a ledger has units of. `key` is the ledger's own short name for it. */
export interface LedgerLot {
  readonly key: number;
  readonly lotId: LotId;
  readonly size: number;
  readonly spare: number;
}

/**
 * What events add up to, kept in the tables of schema.ts. `apply` holds every rule about units, so that
 * an event that breaks one is refused when it is recorded and found when the ledger is verified.
 */
export class Projection {
  readonly spans: IndexSpans;
  readonly #lot: SqlStatement;
  readonly #addLot: SqlStatement;
  readonly #unit: SqlStatement;
  readonly #live: SqlStatement;
  readonly #keep: SqlStatement;
  readonly #drop: SqlStatement;
  readonly #tally: SqlStatement;
  readonly #print: SqlStatement;

  constructor(database: SqlDatabase) {
    this.spans = new IndexSpans(database);
    this.#lot = database.prepare('SELECT lot, lotId, size, spare FROM lots WHERE lotId = ?');
    this.#addLot = database.prepare('INSERT INTO lots (lotId, size, spare) VALUES (?, ?, ?)');
    this.#unit = database.prepare('SELECT record FROM units WHERE lot = ? AND idx = ?');
    this.#live = database.prepare('SELECT record FROM units WHERE hardwareId = ? AND live = 1');
    this.#keep = database.prepare(
      `INSERT INTO units VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (lot, idx) DO UPDATE SET
       state = excluded.state, live = excluded.live, record = excluded.record`,
    );
    this.#drop = database.prepare('DELETE FROM units WHERE lot = ? AND idx = ?');
    this.#tally = database.prepare(
      `INSERT INTO tallies VALUES (?, ?, ?, ?)
       ON CONFLICT (lot, part, state) DO UPDATE SET units = units + excluded.units`,
    );
    this.#print = database.prepare(
      `INSERT INTO prints VALUES (?, ?, 1) ON CONFLICT (lot, idx) DO UPDATE SET labels = labels + 1`,
    );
  }

  /** The lot, or undefined where nothing of it was admitted. */
  lot(lotId: LotId): LedgerLot | undefined {
    const row = this.#lot.get(lotId) as (Omit<LedgerLot, 'key'> & { lot: number }) | undefined;
    return row && { key: row.lot, lotId: row.lotId, size: row.size, spare: row.spare };
  }

  /** The unit, or undefined where its index is free or not this ledger's. */
  unit(lot: LedgerLot, index: number): UnitRecord | undefined {
    return recordOf(this.#unit.get(lot.key, index));
  }

  /** The unit that holds this hardware id, in whatever lot. */
  liveUnit(hardwareId: string): UnitRecord | undefined {
    return recordOf(this.#live.get(hardwareId));
  }

  /** Adds an event up. Throws `duplicate-id`, `index-conflict`, `invalid-transition`, `id-changed`. */
  apply(event: LedgerEvent): void {
    switch (event.type) {
      case 'created':
      case 'refused':
        return;
      case 'admitted':
        this.#admit(event);
        return;
      case 'surrendered': {
        const { key } = this.#known(event.lotId);
        for (const range of event.ranges) {
          if (!this.spans.has(key, 'free', range)) throw conflict(event.lotId, range);
          this.spans.remove(key, 'free', range);
          this.spans.add(key, 'surrendered', range);
        }
        return;
      }
      case 'printed':
        this.#print.run(this.#known(event.lotId).key, event.index);
        return;
      default:
        this.#move(event);
    }
  }

  #admit(event: LedgerEvent<'admitted'>): void {
    const { lotId, size, spare } = event;
    if (this.lot(lotId) === undefined) this.#addLot.run(lotId, size, spare);
    const lot = this.#known(lotId);
    const end = lot.size + lot.spare;
    if (lot.size !== size || lot.spare !== spare) {
      throw new KeylineError('descriptor-invalid', {
        message: `lot ${lotId} has ${lot.size} planned and ${lot.spare} spare units in the ledger`,
        facts: { lotId, size, spare },
      });
    }
    for (const range of event.ranges) {
      if (range.from + range.count > end) throw conflict(lotId, range);
      for (const kind of ['admitted', 'expected'] as const) {
        if (this.spans.first(lot.key, kind, range) !== undefined) throw conflict(lotId, range);
      }
      const isHere = event.use === 'here';
      this.spans.add(lot.key, isHere ? 'admitted' : 'expected', range);
      this.spans.add(lot.key, isHere ? 'free' : 'pending', range);
    }
  }

  #move(event: UnitEvent): void {
    const lot = this.#known(event.lotId);
    const before = this.unit(lot, event.index);
    if (before && before.hardwareId !== event.hardwareId) {
      throw indexConflict(event, `unit ${event.index} belongs to device ${before.hardwareId}`);
    }
    const state = nextState(before?.state ?? 'free', event.type);
    if (state === undefined) throw notAllowed(event, before?.state ?? 'free');
    if (event.attempt !== (before?.failures ?? 0) + 1) throw notAllowed(event, 'another attempt');
    if ('idAfter' in event && event.idAfter !== event.hardwareId) {
      throw new KeylineError('id-changed', {
        message: `device ${event.hardwareId} gave the id ${event.idAfter} after it was verified`,
        facts: { lotId: event.lotId, index: event.index, hardwareId: event.hardwareId },
      });
    }
    if (!before) this.#take(lot, event);
    else this.#count(lot, event.index, before.state, -1);
    if (state === 'free') {
      this.#drop.run(lot.key, event.index);
      this.spans.add(lot.key, 'free', { from: event.index, count: 1 });
      return;
    }
    const record = changedRecord(before, event, state);
    const live = isLive(state) ? 1 : 0;
    const { index, hardwareId } = event;
    this.#keep.run(lot.key, index, state, live, hardwareId, canonicalJson(record));
    this.#count(lot, index, state, 1);
  }

  /** An index leaves the set it waits in; the device may hold no other one. */
  #take(lot: LedgerLot, event: UnitEvent): void {
    const held = this.liveUnit(event.hardwareId);
    if (held) throw duplicateId(event.hardwareId, held);
    const range = { from: event.index, count: 1 };
    const isForeign = event.type === 'imported' || event.type === 'rejected';
    const kind = isForeign ? 'pending' : 'free';
    if (!this.spans.has(lot.key, kind, range)) {
      throw indexConflict(
        event,
        `unit ${event.index} is not one that may be given ${isForeign ? 'elsewhere' : 'here'}`,
      );
    }
    this.spans.remove(lot.key, kind, range);
  }

  #count(lot: LedgerLot, index: number, state: UnitState, change: number): void {
    this.#tally.run(lot.key, index < lot.size ? 0 : 1, state, change);
  }

  #known(lotId: LotId): LedgerLot {
    const lot = this.lot(lotId);
    if (lot) return lot;
    throw new KeylineError('outside-grant', {
      message: `the ledger has no units of lot ${lotId}`,
      facts: { lotId },
    });
  }
}

/** All indexes there can be. */
export const ALL_INDEXES: Range = { from: 0, count: INDEX_LIMIT };

/** The error for a hardware id that holds another unit. */
export function duplicateId(hardwareId: string, held: UnitRecord): KeylineError {
  return new KeylineError('duplicate-id', {
    message: `device ${hardwareId} has unit ${held.index} of lot ${held.lotId} already (${held.state})`,
    facts: { hardwareId, lotId: held.lotId, index: held.index, state: held.state },
  });
}

function recordOf(row: unknown): UnitRecord | undefined {
  return row === undefined
    ? undefined
    : (JSON.parse((row as { record: string }).record) as UnitRecord);
}

function conflict(lotId: LotId, range: Range): KeylineError {
  const units = formatRange(range);
  return new KeylineError('index-conflict', {
    message: `units ${units} of lot ${lotId} are not all free for that`,
    facts: { lotId, units },
  });
}

function indexConflict(event: UnitEvent, message: string): KeylineError {
  const { lotId, index, hardwareId } = event;
  return new KeylineError('index-conflict', { message, facts: { lotId, index, hardwareId } });
}

function notAllowed(event: UnitEvent, state: string): KeylineError {
  const { lotId, index, type } = event;
  return new KeylineError('invalid-transition', {
    message: `unit ${index} cannot be ${type}: it is ${state}`,
    facts: { lotId, index, state, move: type },
  });
}
