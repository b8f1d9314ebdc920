import type { Home } from '../home/home.ts';
import { isoSeconds, systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import type { ProvisioningKey } from '../model/ids.ts';
import { readKeyCard, writeKeyCard } from '../keystore/key-card.ts';
import type { KeyCard } from '../keystore/key-card.ts';

/** Ends new lots under a key; those that exist stay usable. A key that is retired already stays as it is. */
export async function retireKey(
  home: Home,
  key: ProvisioningKey,
  clock: Clock = systemClock,
): Promise<KeyCard> {
  await using _lock = await home.lock();
  const card = await readKeyCard(home, key);
  if (card.retiredAt !== undefined) return card;
  const retired: KeyCard = { ...card, retiredAt: isoSeconds(clock.now()) };
  await writeKeyCard(home, retired);
  return retired;
}
