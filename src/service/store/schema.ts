/** What the two databases call the same types. */
export interface SqlTypes {
  /** Compared by code units, as SQLite does: pages are cut by keys. */
  readonly text: string;
  readonly bytes: string;
  readonly whole: string;
}

/** One step forward; a step that was released is never changed. */
export type Migration = (types: SqlTypes) => string;

/**
 * The tables, for both databases. Names in camelCase are quoted before they are run, because PostgreSQL
 * folds others to lower case. Times are ISO 8601 UTC with milliseconds, so that text order is time order;
 * 0 and 1 are false and true; `version` rises with every change of a row and is its ETag.
 */
const FIRST: Migration = ({ text, bytes, whole }) => `
CREATE TABLE accounts (
  id ${text} PRIMARY KEY,
  handle ${text} NOT NULL UNIQUE,
  name ${text} NOT NULL,
  kind ${text} NOT NULL CHECK (kind IN ('platform', 'oem', 'reseller', 'customer')),
  state ${text} NOT NULL CHECK (state IN ('active', 'disabled')),
  isTest ${whole} NOT NULL,
  isReceiving ${whole} NOT NULL,
  needsTotp ${whole} NOT NULL,
  createdAt ${text} NOT NULL,
  version ${whole} NOT NULL
);
CREATE TABLE counters (
  accountId ${text} PRIMARY KEY REFERENCES accounts (id),
  eventSeq ${whole} NOT NULL,
  auditSeq ${whole} NOT NULL,
  auditHash ${bytes} NOT NULL
);

CREATE TABLE principals (
  id ${text} PRIMARY KEY,
  kind ${text} NOT NULL CHECK (kind IN ('user', 'system')),
  homeAccountId ${text} NOT NULL REFERENCES accounts (id),
  login ${text} UNIQUE,
  name ${text} NOT NULL,
  state ${text} NOT NULL CHECK (state IN ('active', 'disabled')),
  secretDigest ${text},
  secretVersion ${whole} NOT NULL,
  totp ${bytes},
  totpStep ${whole},
  createdAt ${text} NOT NULL,
  version ${whole} NOT NULL
);
CREATE INDEX principalsByAccount ON principals (homeAccountId, id);
CREATE TABLE memberships (
  accountId ${text} NOT NULL REFERENCES accounts (id),
  principalId ${text} NOT NULL REFERENCES principals (id),
  role ${text} NOT NULL,
  PRIMARY KEY (accountId, principalId, role)
);
CREATE INDEX membershipsByPrincipal ON memberships (principalId);
CREATE TABLE sessions (
  digest ${text} PRIMARY KEY,
  kind ${text} NOT NULL CHECK (kind IN ('access', 'device')),
  accountId ${text} NOT NULL,
  principalId ${text} REFERENCES principals (id),
  secretVersion ${whole},
  deviceId ${text},
  createdAt ${text} NOT NULL,
  expiresAt ${text} NOT NULL,
  CHECK ((principalId IS NULL) <> (deviceId IS NULL))
);
CREATE INDEX sessionsByEnd ON sessions (expiresAt);
CREATE TABLE onceOnly (
  digest ${text} PRIMARY KEY,
  purpose ${text} NOT NULL,
  accountId ${text},
  principalId ${text},
  expiresAt ${text} NOT NULL
);
CREATE INDEX onceOnlyByEnd ON onceOnly (expiresAt);

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
  content ${bytes},
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
  PRIMARY KEY (provisioningKey, endpointKey)
);
CREATE UNIQUE INDEX oneActiveCredential ON credentials (deviceId) WHERE isActive = 1;
CREATE INDEX credentialsByEndpoint ON credentials (endpointKey);
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
);

CREATE TABLE audit (
  accountId ${text} NOT NULL,
  seq ${whole} NOT NULL,
  hash ${bytes} NOT NULL,
  body ${text} NOT NULL,
  PRIMARY KEY (accountId, seq)
);
CREATE TABLE events (
  accountId ${text} NOT NULL,
  seq ${whole} NOT NULL,
  type ${text} NOT NULL,
  subject ${text} NOT NULL,
  at ${text} NOT NULL,
  data ${text} NOT NULL,
  PRIMARY KEY (accountId, seq)
);
CREATE TABLE idempotency (
  principalId ${text} NOT NULL,
  key ${text} NOT NULL,
  request ${text} NOT NULL,
  status ${whole},
  headers ${text},
  body ${text},
  expiresAt ${text} NOT NULL,
  PRIMARY KEY (principalId, key)
);
CREATE INDEX idempotencyByEnd ON idempotency (expiresAt);
CREATE TABLE operations (
  id ${text} PRIMARY KEY,
  accountId ${text} NOT NULL REFERENCES accounts (id),
  kind ${text} NOT NULL,
  subject ${text} NOT NULL,
  state ${text} NOT NULL CHECK (state IN ('waiting', 'running', 'succeeded', 'failed')),
  done ${whole} NOT NULL,
  total ${whole} NOT NULL,
  input ${text},
  result ${text},
  problem ${text},
  leaseEndsAt ${text},
  createdAt ${text} NOT NULL,
  version ${whole} NOT NULL
);
CREATE INDEX operationsByAccount ON operations (accountId, id);
CREATE INDEX operationsToDo ON operations (id) WHERE state IN ('waiting', 'running');`;

/** In order; the schema's version is how many have run. */
export const MIGRATIONS: readonly Migration[] = [FIRST];

/** Beside them from the first moment: the schema's version, the epoch, the check value of the master key. */
export const META = ({ text }: SqlTypes): string =>
  `CREATE TABLE keylineRegistry (name ${text} PRIMARY KEY, value ${text} NOT NULL)`;

/** The statements of a migration, names in camelCase quoted. */
export function statementsOf(ddl: string): string[] {
  return ddl
    .split(';')
    .map((statement) => statement.trim().replace(/\b[a-z]+[A-Z]\w*/g, '"$&"'))
    .filter((statement) => statement !== '');
}
