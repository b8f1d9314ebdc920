import { accountTables } from './account-tables.ts';
import { bulkTables } from './bulk-tables.ts';
import { deviceTables } from './device-tables.ts';
import { fleetTables } from './fleet-tables.ts';
import { hiddenTables } from './hidden-tables.ts';
import { identityTables } from './identity-tables.ts';
import { lotTables } from './lot-tables.ts';
import type { Migration, SqlTypes } from './migration.ts';
import { settlingTables } from './settling-tables.ts';

/**
 * The first tables, for both databases. Names in camelCase are quoted before they are run, because
 * PostgreSQL folds others to lower case. Times are ISO 8601 UTC with milliseconds, so that text order is
 * time order; 0 and 1 are false and true; `version` rises with every change of a row and is its ETag.
 */
const first: Migration = (types) => accountTables(types) + deviceTables(types);

/** In order; the schema's version is how many have run. */
export const MIGRATIONS: readonly Migration[] = [
  first,
  identityTables,
  fleetTables,
  bulkTables,
  hiddenTables,
  lotTables,
  settlingTables,
];

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
