import type { Migration } from './migration.ts';

/** An upload whose devices are all seen before their rows say so. */
export const settlingTables: Migration = ({ text }) => `
ALTER TABLE uploads ADD COLUMN settlingUntil ${text};
CREATE INDEX uploadsSettling ON uploads (settlingUntil) WHERE settlingUntil IS NOT NULL;`;
