import { sql } from 'kysely';
import type { SqlBool } from 'kysely';

/**
 * Whether a row of `devices` is seen: the upload that brought it, if any, was committed. Of one that was just now, rows
 * lose its id in batches (`settleUpload`).
 */
export const IS_SHOWN = sql<SqlBool>`(devices."uploadId" IS NULL OR devices."uploadId" IN
  (SELECT u."id" FROM "uploads" AS u WHERE u."settlingUntil" IS NOT NULL))`;

/** The upload that hides the device, or null: it is seen. */
export const HIDDEN_BY = sql<
  string | null
>`(CASE WHEN ${IS_SHOWN} THEN NULL ELSE devices."uploadId" END)`;
