import type { Migration } from './migration.ts';

/** An offer that gets its items in many transactions, of which nobody sees anything before the last. */
export const hiddenTables: Migration = ({ text }) => `
ALTER TABLE transfers ADD COLUMN preparing ${text};
CREATE UNIQUE INDEX transfersPreparing ON transfers (preparing) WHERE preparing IS NOT NULL;`;
