import { LotStore } from '../home/lot-store.ts';
import type { Home } from '../home/home.ts';

/**
 * The id by which a registry has the lot: a code is looked up in this home, an id need not be of a lot that
 * is here, because whoever got devices from another account has only that. Throws `not-found`, `ambiguous`.
 */
export async function lotOfRegistry(home: Home, reference: string): Promise<string> {
  if (/^kl_[0-9a-hjkmnp-tv-z]{26}$/.test(reference)) return reference;
  return (await new LotStore(home).find(reference)).lot.lotId;
}
