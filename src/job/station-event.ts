import type { FailedUnit, PassedUnit, UnitStep } from './provision-run.ts';

/** Something happened in a slot; what a view shows and `--json` prints. Never a secret. */
export type StationEvent =
  /** The slot is empty, or its result stays until the next device appears. */
  | { readonly type: 'waiting'; readonly slot: number }
  | { readonly type: 'step'; readonly slot: number; readonly step: UnitStep }
  | {
      readonly type: 'passed';
      readonly slot: number;
      readonly unit: PassedUnit;
      readonly seconds: number;
    }
  /** `again`: the same device is tried once more at once. */
  | {
      readonly type: 'failed';
      readonly slot: number;
      readonly unit: FailedUnit;
      readonly again: boolean;
      /** It had passed in this run, and then a twin came. */
      readonly undoesPass?: boolean;
      readonly seconds: number;
    }
  /** A person is to scan the board that came, or the label of this serial. */
  | {
      readonly type: 'scan';
      readonly slot: number;
      readonly wants: 'board' | 'label';
      readonly serial?: string;
    }
  /** A scan counted for nobody; what it said is not told. */
  | { readonly type: 'scan-ignored'; readonly slot?: undefined; readonly reason: string }
  | { readonly type: 'removed'; readonly slot: number }
  /** The slot's port cannot be used; it is tried again. */
  | { readonly type: 'port'; readonly slot: number; readonly message: string };

/** What a run came to. */
export interface StationTally {
  /** Units that passed and had not passed before. */
  readonly passed: number;
  /** Devices that had passed before, checked again. */
  readonly checked: number;
  /** Devices that were taken out failed. */
  readonly failed: number;
  /** Of `passed`: by the first attempt that the ledger knows. */
  readonly firstPass: number;
  readonly interrupted: boolean;
}
