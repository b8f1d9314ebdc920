import { userInfo } from 'node:os';
import type { Home } from '../home/home.ts';
import { bookOf } from './open-lot.ts';
import type { OpenLot } from './open-lot.ts';
import { showUnit } from './show-unit.ts';
import type { UnitReport } from './show-unit.ts';

/**
 * A unit's values with its secrets, after the unit has been entered in the lot's allocation book.
 * Throws `already-allocated` without a reason for `again`, `lot-closed`, `outside-grant`.
 */
export async function revealUnit(
  home: Home,
  open: OpenLot,
  request: {
    readonly index: number;
    readonly why?: string | undefined;
    readonly again?: string | undefined;
    readonly signal?: AbortSignal;
  },
): Promise<UnitReport> {
  const { index, why, again, signal } = request;
  // First without secrets: a unit that cannot be shown enters no book.
  await showUnit(open, index, { reveal: false, ...(signal && { signal }) });
  await bookOf(home, open.lot).allocate({
    range: { from: index, count: 1 },
    purpose: 'reveal',
    who: userInfo().username,
    why,
    again,
  });
  return showUnit(open, index, { reveal: true, ...(signal && { signal }) });
}
