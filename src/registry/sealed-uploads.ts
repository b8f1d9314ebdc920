/** A sealed manifest on its way. */
export interface RegistryUpload {
  readonly id: string;
  readonly parts: number;
  /** Numbers of parts to send; there may be more after these. */
  readonly missing: readonly number[];
  /** What became of its rows is settled, by an earlier call. */
  readonly isCommitted: boolean;
}

/** How many rows became what. */
export interface RegisterCounts {
  readonly created: number;
  readonly unchanged: number;
  readonly conflict: number;
  readonly invalid: number;
}

/** What became of a row; rows count from 1. */
export interface RowOutcome {
  readonly row: number;
  readonly outcome: keyof RegisterCounts;
  /** Why it is invalid. */
  readonly reason?: string | undefined;
}

/** A chunk as it goes out. */
export interface PartContent {
  /** gzip of the chunk. */
  readonly gzip: Uint8Array;
  readonly format: 'csv' | 'ndjson';
}

/** Lots as sealed manifests, in parts that can be sent in any order and again. */
export interface SealedUploads {
  /** `seal` is a `keyline-seal+jws`; the same one goes on with the same upload. */
  begin(lotId: string, kind: 'planned' | 'as-built', seal: string): Promise<RegistryUpload>;
  /** The bytes of chunk `n`, which are only read. */
  sendPart(id: string, n: number, part: PartContent): Promise<void>;
  /** Resolves when devices were made of all rows; `onApplied` gets parts done, of how many. */
  commit(id: string, onApplied: (done: number, total: number) => void): Promise<RegisterCounts>;
  /** What became of all rows, or of those that failed, in the manifest's order. */
  outcomes(id: string, which: 'all' | 'failed'): AsyncIterable<RowOutcome>;
}
