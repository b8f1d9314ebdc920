/** `keyL` in ASCII: tells a ledger from any other SQLite file (sqlite.org/pragma.html#pragma_application_id). */
export const APPLICATION_ID = 0x6b65794c;

/** Of the tables below; a ledger with a greater one was made by a later keyline. */
export const SCHEMA_VERSION = 1;

/** What an event is chained into: `body` is its canonical JSON, `hash` covers it and the hash before. */
const EVENTS = `
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  hash BLOB NOT NULL,
  body TEXT NOT NULL
);
CREATE TABLE head (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  statement TEXT NOT NULL
);`;

/**
 * What the events add up to; made again from them by `ledger verify`. `spans` are sets of indexes as
 * intervals [start, stop), their kinds in index-spans.ts. A row of `units` is an index that
 * is not free; `live` says that it holds its hardware id. `part` is 0 for planned units, 1 for spare ones.
 */
export const PROJECTION = `
CREATE TABLE lots (
  lot INTEGER PRIMARY KEY,
  lotId TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  spare INTEGER NOT NULL
);
CREATE TABLE spans (
  lot INTEGER NOT NULL,
  kind TEXT NOT NULL,
  start INTEGER NOT NULL,
  stop INTEGER NOT NULL,
  PRIMARY KEY (lot, kind, start)
) WITHOUT ROWID;
CREATE TABLE units (
  lot INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  state TEXT NOT NULL,
  live INTEGER NOT NULL,
  hardwareId TEXT NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (lot, idx)
);
CREATE INDEX unitsByState ON units (lot, state, idx);
CREATE INDEX unitsByDevice ON units (hardwareId);
CREATE UNIQUE INDEX oneLiveUnit ON units (hardwareId) WHERE live = 1;
CREATE TABLE tallies (
  lot INTEGER NOT NULL,
  part INTEGER NOT NULL,
  state TEXT NOT NULL,
  units INTEGER NOT NULL,
  PRIMARY KEY (lot, part, state)
) WITHOUT ROWID;
CREATE TABLE prints (
  lot INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  labels INTEGER NOT NULL,
  PRIMARY KEY (lot, idx)
) WITHOUT ROWID;`;

/** A new ledger's tables. */
export const SCHEMA = `${EVENTS}${PROJECTION}
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${SCHEMA_VERSION};`;
