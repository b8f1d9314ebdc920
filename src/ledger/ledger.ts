import type { KeyObject } from 'node:crypto';
import type { Clock } from '../kernel/clock.ts';
import type { EndpointKey, LotId } from '../model/ids.ts';
import type { EventContext, LedgerEvent, NewEvent } from '../model/ledger-event.ts';
import type { Range } from '../model/range.ts';
import type { LedgerCounts } from '../model/ledger-counts.ts';
import type { UnitRecord } from '../model/unit-record.ts';
import type { UnitMove, UnitState } from '../model/unit-state.ts';
import type { LedgerEntry, LedgerHead } from './chain.ts';

/** Whose ledger it is; a `Station` of job/open-station.ts is one. */
export interface LedgerStation {
  /** `stationKey`: base64 SPKI. */
  readonly card: { readonly stationKey: string; readonly name: string };
  readonly signingKey: KeyObject;
}

/** How a station opens its ledger. */
export interface LedgerOptions {
  readonly station: LedgerStation;
  /** Such as `0.1.0`; stands in every event. */
  readonly toolVersion: string;
  readonly clock?: Clock;
  /** A file outside the ledger that is moved on with every event; best on another disk. */
  readonly witness?: string | undefined;
  /** Where the last head is kept that a registry has acknowledged; `FILE.acknowledged` unless given. */
  readonly acknowledged?: string | undefined;
  /** Of machine-id.ts unless given. */
  readonly machineId?: string | undefined;
  /** What was set aside for a new ledger to begin; stands in its first event. */
  readonly retired?: LedgerEvent<'created'>['retired'];
  /** A missing file is `not-found` where this is false. */
  readonly create?: boolean | undefined;
  /** Greatest size in pages of 4 KiB: how a test fills the disk. */
  readonly maxPages?: number | undefined;
}

/** Units of a lot that the ledger may give, or that come back from elsewhere. */
export interface Admission {
  readonly lotId: LotId;
  readonly size: number;
  readonly spare: number;
  readonly ranges: readonly Range[];
  readonly use?: 'here' | 'elsewhere' | undefined;
  /** A grant id, or the reference of an entry of the allocation book. */
  readonly reference?: string | undefined;
  /** Why units of a lost ledger are free again, and who says so. */
  readonly reason?: string | undefined;
  readonly operator?: string | undefined;
}

/** What asks for a unit. */
export interface ReserveRequest extends EventContext {
  readonly hardwareId: string;
  readonly lotId: LotId;
  /** Only these; all planned units that were admitted unless given. */
  readonly ranges?: readonly Range[] | undefined;
}

/** A device found with a credential that the ledger does not know. */
export interface AdoptRequest extends EventContext {
  readonly hardwareId: string;
  readonly lotId: LotId;
  readonly index: number;
  readonly endpointKey: EndpointKey;
  readonly captures?: Readonly<Record<string, string>> | undefined;
}

/** A board that was written elsewhere, as another's log tells. */
export interface ImportedRow {
  readonly lotId: LotId;
  readonly index: number;
  readonly hardwareId: string;
  readonly passed: boolean;
  /** Where it stands in the log and what that says, for people. */
  readonly detail: string;
  /** Of the allocation under which its secret left. */
  readonly reference: string;
  readonly captures?: Readonly<Record<string, string>> | undefined;
}

/** What an import has done. */
export interface Imported {
  readonly recorded: number;
  /** Rows that said nothing new. */
  readonly known: number;
}

/** The unit of a device. */
export interface Reservation {
  readonly lotId: LotId;
  readonly index: number;
  readonly hardwareId: string;
  /** `reserved` for a new one; any live state for a device that was here before. */
  readonly state: UnitState;
  /** For the next event: 1 and one more for each failure. */
  readonly attempt: number;
  readonly isNew: boolean;
  /** The index whose credential this one replaces. */
  readonly replaces?: number | undefined;
}

/** An event of a unit or a device as its caller gives it; the ledger adds what it knows better. */
export type RecordedEvent =
  | WithoutAttempt<
      NewEvent<Exclude<UnitMove, 'reserved' | 'adopted' | 'replaced' | 'imported' | 'rejected'>>
    >
  | NewEvent<'refused' | 'printed'>;
type WithoutAttempt<T> = T extends unknown ? Omit<T, 'attempt'> : never;

/** A device and the unit that it holds. */
export type LiveDevice = Pick<UnitRecord, 'hardwareId' | 'lotId' | 'index' | 'state'>;

/** What can be asked of a ledger without changing it. */
export interface LedgerReader {
  readonly path: string;
  readonly identity: LedgerEvent<'created'>;
  head(): LedgerHead;
  /** Whether exactly this head is in the chain. */
  has(head: LedgerHead): boolean;
  /** Every lot of which units were admitted. */
  lots(): readonly { readonly lotId: LotId; readonly size: number; readonly spare: number }[];
  /** The unit; undefined for an index that is free or not this ledger's. */
  unit(lotId: LotId, index: number): UnitRecord | undefined;
  /** Every unit that this hardware id ever held, the live one first. */
  byHardwareId(hardwareId: string): readonly UnitRecord[];
  /** Units by index, those in one of `states` where given, read in pages. */
  units(lotId: LotId, states?: readonly UnitState[]): AsyncIterable<UnitRecord>;
  /** Events by sequence number, beginning with `from` (1 unless given), read in pages. */
  entries(from?: number): AsyncIterable<LedgerEntry>;
  /** Every unit of any lot that holds its hardware id, by that id in the order of its UTF-8 bytes, read in pages. */
  liveDevices(): Iterable<LiveDevice>;
  /** Units that this ledger may give or gave, or that come back to it from elsewhere; ascending, surrendered ones left out. */
  claimed(lotId: LotId, use: 'here' | 'elsewhere'): Iterable<Range>;
  /** Every admission of units of the lot, in the order of its event. */
  admissions(lotId: LotId): readonly Pick<LedgerEvent<'admitted'>, 'ranges' | 'reference'>[];
  /** Units that were given back unused, for good; ascending. */
  surrendered(lotId: LotId): Iterable<Range>;
  counts(lotId: LotId): LedgerCounts;
  /** Admitted units that no device ever had, given back ones left out; ascending. */
  neverUsed(lotId: LotId): Iterable<Range>;
  /** Labels printed of this unit. */
  labels(lotId: LotId, index: number): number;
}

/**
 * A station's durable record, held by this process alone. Whatever resolves is on disk, and in the
 * witness where there is one. Events are stamped with the station, the tool's version and the time.
 */
export interface Ledger extends LedgerReader, AsyncDisposable {
  /**
   * Makes ranges known; what is known already is no change. Throws `index-conflict` for units
   * admitted for the other use, `descriptor-invalid` where the lot has another size.
   */
  admit(request: Admission): Promise<readonly Range[]>;
  /**
   * This device's live unit, or the lowest free index, now reserved. Throws `duplicate-id` where the
   * device has a unit of another lot, `lot-used-up`, `outside-grant` for ranges that were not admitted.
   */
  reserve(request: ReserveRequest): Promise<Reservation>;
  /** Takes the credential that a device holds as its unit, `written`. Throws `index-conflict`, `duplicate-id`. */
  adopt(request: AdoptRequest): Promise<Reservation>;
  /**
   * Records an event. Throws `invalid-transition`, `index-conflict` where the unit is another
   * device's, `id-changed`, `ledger-event-invalid`, `disk-full`; then nothing was recorded.
   */
  record(event: RecordedEvent): Promise<LedgerEntry>;
  /**
   * Retires a unit's credential and reserves a spare index for its device, which the end of the run
   * does not release. Throws `lot-used-up` where no spare unit is free, `invalid-transition`, `not-found`.
   */
  replace(
    unit: { readonly lotId: LotId; readonly index: number },
    options: EventContext & { readonly reason: string },
  ): Promise<Reservation>;
  /** Gives never-used units back for good; all of the lot's unless ranges are given. Returns them. */
  surrender(
    lotId: LotId,
    options: { readonly reason: string; readonly ranges?: readonly Range[] },
  ): Promise<readonly Range[]>;
  /**
   * Takes boards that were written elsewhere, all of them or none, `admission` first where it is given.
   * A unit that is known with the same device and result is no change. Throws `import-defective` with
   * what is wrong with each row, up to 100 of them.
   */
  importAll(rows: readonly ImportedRow[], admission?: Admission): Promise<Imported>;
  /** The present head, signed by the station. It also stays in the ledger, for `ledger verify`. */
  signedHead(): Promise<string>;
  /** Keeps a head that a registry has acknowledged; an older ledger is refused from then on. */
  acknowledge(statement: string): Promise<void>;
}
