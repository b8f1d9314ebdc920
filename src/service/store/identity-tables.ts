import type { Migration } from './migration.ts';

/** Authenticators that are not confirmed yet, and accounts that people may join by themselves. */
export const identityTables: Migration = ({ bytes, whole }) => `
ALTER TABLE principals ADD COLUMN totpPending ${bytes};
ALTER TABLE accounts ADD COLUMN allowsRegistration ${whole} NOT NULL DEFAULT 0;`;
