import type { Migration } from './migration.ts';

/** Keys, lots and uploads; devices, their credentials, custody and configuration; transfers. */
export const deviceTables: Migration = ({ text, bytes, whole }) => `
CREATE TABLE provisioningKeys (
  id ${text} PRIMARY KEY,
  accountId ${text} NOT NULL REFERENCES accounts (id),
  label ${text},
  sealKey ${bytes} NOT NULL,
  manufacturerKey ${bytes},
  delegation ${bytes},
  isTest ${whole} NOT NULL,
  createdAt ${text} NOT NULL,
  version ${whole} NOT NULL
);
CREATE INDEX provisioningKeysByAccount ON provisioningKeys (accountId, id);
CREATE TABLE lots (
  id ${text} PRIMARY KEY,
  accountId ${text} NOT NULL REFERENCES accounts (id),
  provisioningKey ${text} NOT NULL REFERENCES provisioningKeys (id),
  code ${text} NOT NULL,
  model ${text},
  scheme ${text} NOT NULL,
  units ${whole} NOT NULL,
  descriptor ${text} NOT NULL,
  createdAt ${text} NOT NULL,
  version ${whole} NOT NULL
);
CREATE INDEX lotsByAccount ON lots (accountId, id);
CREATE TABLE stationLots (
  principalId ${text} NOT NULL REFERENCES principals (id),
  lotId ${text} NOT NULL REFERENCES lots (id),
  PRIMARY KEY (principalId, lotId)
);
CREATE TABLE uploads (
  id ${text} PRIMARY KEY,
  accountId ${text} NOT NULL REFERENCES accounts (id),
  lotId ${text} NOT NULL REFERENCES lots (id),
  kind ${text} NOT NULL CHECK (kind IN ('planned', 'as-built')),
  sealDigest ${text} NOT NULL,
  seal ${text} NOT NULL,
  parts ${whole} NOT NULL,
  state ${text} NOT NULL CHECK (state IN ('receiving', 'committing', 'committed', 'failed', 'abandoned')),
  operationId ${text},
  createdAt ${text} NOT NULL,
  version ${whole} NOT NULL,
  UNIQUE (lotId, sealDigest)
);
CREATE INDEX uploadsByAccount ON uploads (accountId, id);
CREATE TABLE uploadParts (
  uploadId ${text} NOT NULL REFERENCES uploads (id),
  n ${whole} NOT NULL,
  digest ${text} NOT NULL,
  sizeBytes ${whole} NOT NULL,
  isGzip ${whole} NOT NULL,
  content ${bytes},
  outcomes ${bytes},
  appliedAt ${text},
  PRIMARY KEY (uploadId, n)
);

CREATE TABLE devices (
  id ${text} PRIMARY KEY,
  accountId ${text} NOT NULL,
  serial ${text} NOT NULL,
  lotId ${text} NOT NULL,
  lotIndex ${whole} NOT NULL,
  uploadId ${text},
  model ${text},
  hardwareId ${text},
  claimDigest ${text},
  attributes ${text},
  provisioning ${text} NOT NULL CHECK (provisioning IN ('planned', 'verified', 'failed', 'scrapped')),
  enrollment ${text} NOT NULL CHECK (enrollment IN ('pending', 'enrolled', 'quarantined', 'retired')),
  isCancelled ${whole} NOT NULL DEFAULT 0,
  mark ${text},
  custodyStep ${whole} NOT NULL DEFAULT 0,
  configStep ${whole},
  configVersion ${whole},
  ackStep ${whole},
  ackVersion ${whole},
  ackDigest ${text},
  counter ${whole},
  firmware ${text},
  lastSeenAt ${text},
  createdAt ${text} NOT NULL,
  version ${whole} NOT NULL DEFAULT 1,
  UNIQUE (accountId, serial)
);
CREATE INDEX devicesByLot ON devices (lotId, lotIndex);
CREATE TABLE credentials (
  provisioningKey ${text} NOT NULL,
  endpointKey ${text} NOT NULL,
  deviceId ${text} NOT NULL,
  scheme ${text} NOT NULL,
  isActive ${whole} NOT NULL,
  PRIMARY KEY (endpointKey, provisioningKey)
);
CREATE UNIQUE INDEX oneActiveCredential ON credentials (deviceId) WHERE isActive = 1;
CREATE TABLE custody (
  deviceId ${text} NOT NULL,
  step ${whole} NOT NULL,
  fromAccountId ${text} NOT NULL,
  toAccountId ${text} NOT NULL,
  transferId ${text} NOT NULL,
  statement ${bytes},
  createdAt ${text} NOT NULL,
  PRIMARY KEY (deviceId, step)
);
CREATE INDEX custodyBySource ON custody (fromAccountId, deviceId);

CREATE TABLE transfers (
  id ${text} PRIMARY KEY,
  sourceAccountId ${text} NOT NULL REFERENCES accounts (id),
  destinationAccountId ${text} NOT NULL REFERENCES accounts (id),
  state ${text} NOT NULL CHECK (state IN ('open', 'partially-decided', 'completed', 'withdrawn', 'expired')),
  items ${whole} NOT NULL,
  decision ${text},
  note ${text},
  expiresAt ${text} NOT NULL,
  createdAt ${text} NOT NULL,
  version ${whole} NOT NULL
);
CREATE INDEX transfersBySource ON transfers (sourceAccountId, id);
CREATE INDEX transfersByDestination ON transfers (destinationAccountId, id);
CREATE INDEX transfersByEnd ON transfers (expiresAt) WHERE state IN ('open', 'partially-decided');
CREATE TABLE transferItems (
  transferId ${text} NOT NULL REFERENCES transfers (id),
  deviceId ${text} NOT NULL,
  state ${text} NOT NULL CHECK (state IN ('offered', 'accepted', 'refused', 'withdrawn', 'expired')),
  reason ${text},
  decidedAt ${text},
  PRIMARY KEY (transferId, deviceId)
);
CREATE UNIQUE INDEX oneOpenItem ON transferItems (deviceId) WHERE state = 'offered';
CREATE TABLE standingApprovals (
  accountId ${text} NOT NULL REFERENCES accounts (id),
  sourceAccountId ${text} NOT NULL REFERENCES accounts (id),
  createdAt ${text} NOT NULL,
  PRIMARY KEY (accountId, sourceAccountId)
);

CREATE TABLE ownerKeys (
  accountId ${text} PRIMARY KEY REFERENCES accounts (id),
  publicKey ${bytes} NOT NULL,
  sealedKey ${bytes},
  createdAt ${text} NOT NULL,
  version ${whole} NOT NULL
);
CREATE TABLE configTemplates (
  id ${text} PRIMARY KEY,
  accountId ${text} NOT NULL REFERENCES accounts (id),
  name ${text} NOT NULL,
  templateVersion ${whole} NOT NULL,
  body ${text} NOT NULL,
  createdAt ${text} NOT NULL,
  version ${whole} NOT NULL,
  UNIQUE (accountId, name, templateVersion)
);
CREATE TABLE configurations (
  deviceId ${text} NOT NULL,
  step ${whole} NOT NULL,
  configVersion ${whole} NOT NULL,
  accountId ${text} NOT NULL,
  templateId ${text},
  digest ${text} NOT NULL,
  content ${bytes} NOT NULL,
  createdAt ${text} NOT NULL,
  acknowledgedAt ${text},
  isUnsigned ${whole} NOT NULL DEFAULT 0,
  PRIMARY KEY (deviceId, step, configVersion)
);`;
