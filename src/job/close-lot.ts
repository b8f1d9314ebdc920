import type { Home } from '../home/home.ts';
import { LotStore } from '../home/lot-store.ts';
import { isoSeconds, systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Lot } from '../model/lot.ts';

/**
 * Marks a lot closed: no secret leaves it any more, while public manifests and checks go on. Throws
 * `not-found`, `ambiguous`, and `lot-closed` for a lot that is closed already.
 */
export async function closeLot(
  home: Home,
  reference: string,
  options: { readonly dryRun: boolean; readonly clock?: Clock },
): Promise<{ lot: Lot; closedAt: string }> {
  const store = new LotStore(home);
  const { lot, closedAt } = await store.find(reference);
  if (closedAt !== undefined) {
    throw new KeylineError('lot-closed', {
      message: `lot ${lot.code} was closed at ${closedAt}`,
      facts: { lotId: lot.lotId, closedAt },
    });
  }
  const at = isoSeconds((options.clock ?? systemClock).now());
  if (!options.dryRun) {
    await using _lock = await home.lock();
    await store.close(lot.lotId, at);
  }
  return { lot, closedAt: at };
}
