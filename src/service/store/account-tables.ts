import type { Migration } from './migration.ts';

/** Accounts, who acts in them, and their records: the chain, the feed, what can be repeated, long work. */
export const accountTables: Migration = ({ text, bytes, whole }) => `
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
