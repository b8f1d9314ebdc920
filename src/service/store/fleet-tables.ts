import type { Migration } from './migration.ts';

/**
 * What becomes of one device is asked by its id: its events, its sessions. A transfer says whether a
 * standing approval decided it.
 */
export const fleetTables: Migration = ({ whole }) => `
CREATE INDEX eventsBySubject ON events (subject, accountId, seq);
CREATE INDEX sessionsByDevice ON sessions (deviceId) WHERE deviceId IS NOT NULL;
ALTER TABLE transfers ADD COLUMN isStanding ${whole} NOT NULL DEFAULT 0;`;
