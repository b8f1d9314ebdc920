import { LotStore } from '../home/lot-store.ts';
import type { Home } from '../home/home.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { RegistryFleet, RegistryLot } from '../registry/fleet.ts';

/** Where a lot's code is looked up. */
export interface LotSources {
  readonly home: Home;
  readonly fleet: Pick<RegistryFleet, 'lots'>;
}

/**
 * The id by which a registry has the lot: a code is looked up in this home, else among the account's lots
 * there. An id is taken as it is, because whoever got devices from another account has only that. Throws
 * `not-found`, `ambiguous`.
 */
export async function lotOfRegistry(sources: LotSources, reference: string): Promise<string> {
  if (/^kl_[0-9a-hjkmnp-tv-z]{26}$/.test(reference)) return reference;
  try {
    return (await new LotStore(sources.home).find(reference)).lot.lotId;
  } catch (error) {
    if (!(error instanceof KeylineError) || error.code !== 'not-found') throw error;
  }
  const found = await lotsOfAccount(sources.fleet, reference);
  const [lot, other] = found;
  if (lot && !other) return lot.id;
  throw new KeylineError(lot ? 'ambiguous' : 'not-found', {
    message: lot
      ? `${found.length} lots of the account have the code ${JSON.stringify(reference)}`
      : `there is no lot ${JSON.stringify(reference)}, here or in the account`,
    hint: lot
      ? `Name it by its id: ${found.map(({ id }) => id).join(', ')}.`
      : 'Check the code; a lot of another account is named by its id, which `fleet list -o` has.',
    facts: { lot: reference },
  });
}

async function lotsOfAccount(fleet: LotSources['fleet'], code: string): Promise<RegistryLot[]> {
  const found: RegistryLot[] = [];
  try {
    for await (const page of fleet.lots(code)) found.push(...page);
  } catch (error) {
    // Whoever only gets devices may not see lots.
    if (!(error instanceof KeylineError) || error.code !== 'forbidden') throw error;
  }
  return found;
}
