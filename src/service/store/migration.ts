/** What the two databases call the same types. */
export interface SqlTypes {
  /** Compared by code units, as SQLite does: pages are cut by keys. */
  readonly text: string;
  readonly bytes: string;
  readonly whole: string;
  readonly isPostgres: boolean;
}

/** One step forward; a step that was released is never changed. */
export type Migration = (types: SqlTypes) => string;
