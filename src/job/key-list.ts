import type { Home } from '../home/home.ts';
import { findKeyCard, listKeyCards } from '../keystore/key-card.ts';
import type { KeyCard } from '../keystore/key-card.ts';

export type { KeyCard };

/** The keys of a home, oldest first. Throws `key-damaged`. */
export function listKeys(home: Home): Promise<readonly KeyCard[]> {
  return listKeyCards(home);
}

/** The key that a `kp_…` or a label names, else the only one. Throws `not-found`, `ambiguous`, `key-damaged`. */
export function findKey(home: Home, reference?: string): Promise<KeyCard> {
  return findKeyCard(home, reference);
}
