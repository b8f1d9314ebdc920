import { KeylineError } from '../kernel/errors.ts';
import { eventText } from '../model/ledger-event.ts';
import type { NewEvent } from '../model/ledger-event.ts';
import type { UnitRecord } from '../model/unit-record.ts';
import type { ImportedRow } from './ledger.ts';

/**
 * The rows that say something new. A log may have several rows of one unit, a failure and then a pass;
 * where the ledger has the unit as the last of them says, the log was read before.
 */
export function unknownRows(
  rows: readonly ImportedRow[],
  unit: (row: ImportedRow) => UnitRecord | undefined,
): { fresh: readonly ImportedRow[]; known: number } {
  const last = new Map<string, ImportedRow>();
  for (const row of rows) last.set(`${row.lotId} ${row.index}`, row);
  const isKnown = (row: ImportedRow): boolean => {
    const end = last.get(`${row.lotId} ${row.index}`) ?? row;
    const held = unit(end);
    if (held?.hardwareId !== row.hardwareId) return false;
    return held.state === (end.passed ? 'done' : 'failed');
  };
  // Decided for all before any is recorded.
  const fresh = rows.filter((row) => !isKnown(row));
  return { fresh, known: rows.length - fresh.length };
}

/**
 * Records row by row within a transaction. Throws `import-defective` at the end where a row broke a rule;
 * the transaction is undone then, and the rows after it were looked at for their own defects alone.
 */
export function recordRows(rows: readonly ImportedRow[], record: (row: ImportedRow) => void): void {
  const defects: string[] = [];
  for (const row of rows) {
    try {
      record(row);
    } catch (error) {
      if (!(error instanceof KeylineError) || error.code === 'disk-full') throw error;
      defects.push(`${row.detail}: ${error.message}`);
    }
  }
  if (defects.length > 0) throw importDefective(defects, rows.length);
}

/** The error for rows that cannot be taken. */
export function importDefective(defects: readonly string[], rows: number): KeylineError {
  const [first = ''] = defects;
  const more = defects.length > 1 ? ` (and ${defects.length - 1} more)` : '';
  return new KeylineError('import-defective', {
    message: `nothing was recorded of ${rows} rows; ${first}${more}`,
    facts: { rows, defectCount: defects.length, defects: defects.slice(0, 100) },
  });
}

/** The event that a row of a log is. */
export function importedEvent(
  row: ImportedRow,
  attempt: number,
): NewEvent<'imported'> | NewEvent<'rejected'> {
  const { lotId, index, hardwareId, reference } = row;
  const detail = eventText(row.detail);
  const unit = { lotId, index, hardwareId, attempt, reference };
  if (!row.passed)
    return { type: 'rejected', ...unit, code: 'external', reason: detail || 'failed' };
  const captures = Object.entries(row.captures ?? {}).map(
    ([name, value]) => [name, eventText(value, 256)] as const,
  );
  return {
    ...{ type: 'imported', ...unit, evidence: { kind: 'external', detail } },
    ...(captures.length > 0 && { captures: Object.fromEntries(captures) }),
  };
}
