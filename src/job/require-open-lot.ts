import { KeylineError } from '../kernel/errors.ts';
import type { Lot } from '../model/lot.ts';

/** Throws `lot-closed` for a lot that was closed: no secret leaves it, and its account is sealed. */
export function requireOpenLot(stored: {
  readonly lot: Pick<Lot, 'code' | 'lotId'>;
  readonly closedAt?: string | undefined;
}): void {
  const { lot, closedAt } = stored;
  if (closedAt === undefined) return;
  throw new KeylineError('lot-closed', {
    message: `lot ${lot.code} was closed at ${closedAt}`,
    facts: { lotId: lot.lotId, closedAt },
  });
}
