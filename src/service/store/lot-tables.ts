import type { Migration } from './migration.ts';

/**
 * A lot's id is its maker's choice, so that two accounts may have one each: lots are (account, id), and so are
 * what stations were given and what is uploaded. PostgreSQL changes its keys in place. SQLite has tables made
 * anew, children first let go of (sqlite.org/lang_altertable.html, section 7), for the keys stay enforced meanwhile;
 * renaming a table renames it in the references to it.
 */
export const lotTables: Migration = ({ text, bytes, whole, isPostgres }) =>
  isPostgres
    ? `
ALTER TABLE stationLots DROP CONSTRAINT stationLots_lotId_fkey, ADD COLUMN accountId ${text};
UPDATE stationLots SET accountId = lots.accountId FROM lots WHERE lots.id = stationLots.lotId;
ALTER TABLE stationLots ALTER COLUMN accountId SET NOT NULL,
  DROP CONSTRAINT stationLots_pkey, ADD PRIMARY KEY (principalId, accountId, lotId);
ALTER TABLE uploads DROP CONSTRAINT "uploads_lotId_fkey",
  DROP CONSTRAINT "uploads_lotId_sealDigest_key", ADD UNIQUE (accountId, lotId, sealDigest);
DROP INDEX lotsByAccount;
ALTER TABLE lots DROP CONSTRAINT lots_pkey, ADD PRIMARY KEY (accountId, id);
ALTER TABLE stationLots ADD FOREIGN KEY (accountId, lotId) REFERENCES lots (accountId, id);
ALTER TABLE uploads ADD FOREIGN KEY (accountId, lotId) REFERENCES lots (accountId, id);`
    : `
CREATE TABLE newLots (
  id ${text} NOT NULL,
  accountId ${text} NOT NULL REFERENCES accounts (id),
  provisioningKey ${text} NOT NULL REFERENCES provisioningKeys (id),
  code ${text} NOT NULL,
  model ${text},
  scheme ${text} NOT NULL,
  units ${whole} NOT NULL,
  descriptor ${text} NOT NULL,
  createdAt ${text} NOT NULL,
  version ${whole} NOT NULL,
  PRIMARY KEY (accountId, id)
);
INSERT INTO newLots SELECT id, accountId, provisioningKey, code, model, scheme, units, descriptor, createdAt, version
  FROM lots;
CREATE TABLE newStationLots (
  principalId ${text} NOT NULL REFERENCES principals (id),
  accountId ${text} NOT NULL,
  lotId ${text} NOT NULL,
  PRIMARY KEY (principalId, accountId, lotId),
  FOREIGN KEY (accountId, lotId) REFERENCES newLots (accountId, id)
);
INSERT INTO newStationLots SELECT principalId, lots.accountId, lotId FROM stationLots JOIN lots ON lots.id = lotId;
CREATE TABLE newUploads (
  id ${text} PRIMARY KEY,
  accountId ${text} NOT NULL REFERENCES accounts (id),
  lotId ${text} NOT NULL,
  kind ${text} NOT NULL CHECK (kind IN ('planned', 'as-built')),
  sealDigest ${text} NOT NULL,
  seal ${text} NOT NULL,
  parts ${whole} NOT NULL,
  state ${text} NOT NULL CHECK (state IN ('receiving', 'committing', 'committed', 'failed', 'abandoned')),
  operationId ${text},
  createdAt ${text} NOT NULL,
  version ${whole} NOT NULL,
  UNIQUE (accountId, lotId, sealDigest),
  FOREIGN KEY (accountId, lotId) REFERENCES newLots (accountId, id)
);
INSERT INTO newUploads SELECT id, accountId, lotId, kind, sealDigest, seal, parts, state, operationId, createdAt, version
  FROM uploads;
CREATE TABLE newUploadParts (
  uploadId ${text} NOT NULL REFERENCES newUploads (id),
  n ${whole} NOT NULL,
  digest ${text} NOT NULL,
  sizeBytes ${whole} NOT NULL,
  isGzip ${whole} NOT NULL,
  content ${bytes},
  outcomes ${bytes},
  appliedAt ${text},
  PRIMARY KEY (uploadId, n)
);
INSERT INTO newUploadParts SELECT uploadId, n, digest, sizeBytes, isGzip, content, outcomes, appliedAt FROM uploadParts;
DROP TABLE uploadParts;
DROP TABLE uploads;
DROP TABLE stationLots;
DROP TABLE lots;
ALTER TABLE newLots RENAME TO lots;
ALTER TABLE newStationLots RENAME TO stationLots;
ALTER TABLE newUploads RENAME TO uploads;
ALTER TABLE newUploadParts RENAME TO uploadParts;
CREATE INDEX uploadsByAccount ON uploads (accountId, id);`;
