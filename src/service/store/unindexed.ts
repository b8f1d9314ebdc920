import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { Dialect } from './store.ts';

/**
 * A column beside a list of ids that SQLite is not to look up in an index: it takes an account for one of few
 * devices, and walked all 100,000 of them for each page of a thousand, 43 ms in place of 4
 * (sqlite.org/optoverview.html, on terms with a unary +). PostgreSQL counts.
 */
export function unindexed(dialect: Dialect, column: string): RawBuilder<string> {
  return dialect === 'sqlite' ? sql`+${sql.ref(column)}` : sql.ref(column);
}
