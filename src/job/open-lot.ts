import type { KeyObject } from 'node:crypto';
import { AllocationBook } from '../home/allocation-book.ts';
import type { Home } from '../home/home.ts';
import { LotStore } from '../home/lot-store.ts';
import type { StoredLot } from '../home/lot-store.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { listKeyCards } from '../keystore/key-card.ts';
import { openKey } from '../keystore/open-key.ts';
import { deriveLotSecret } from '../model/hierarchy.ts';
import type { LotSecrets } from '../model/lot-secrets.ts';
import type { Lot } from '../model/lot.ts';
import { ownerSecrets } from '../model/owner-secrets.ts';
import type { Range } from '../model/range.ts';
import type { VerifiedGrant } from '../seals/grant.ts';
import type { Signer } from '../seals/manifest-seal.ts';
import { readGroupKey } from './azure-group-file.ts';

/** A lot from which this machine can derive, by its owner's key or by a station's grants. */
export interface OpenLot extends AsyncDisposable {
  readonly lot: Lot;
  /** JWS. */
  readonly descriptor: string;
  readonly secrets: LotSecrets;
  readonly by: 'owner' | 'grant';
  /** Who seals; by several grants, the one of the first. */
  readonly signer: Signer;
  /** The grants, none for the owner. */
  readonly grants: readonly VerifiedGrant[];
  /** Whoever may seal a manifest of these ranges: throws `outside-grant` where no one grant has them all. */
  signerFor(ranges: readonly Range[]): Signer;
  readonly closedAt?: string | undefined;
  /** What a person should know, such as a grant that has ended beside one that has not. */
  readonly warnings: readonly string[];
}

/** The lot that a person means: a code, or an id. Throws `not-found`, `ambiguous`, `descriptor-invalid`. */
export function findLot(home: Home, reference: string): Promise<StoredLot> {
  return new LotStore(home).find(reference);
}

/**
 * Opens a lot, named or found before, with its owner's key where this home has it, else with this
 * station's grants. Throws what `findLot`, `openKey` and a grant's checks throw; `not-found` where
 * there is neither.
 */
export async function openLot(
  home: Home,
  lot: string | StoredLot,
  credentials: Credentials,
  options: { readonly clock?: Clock } = {},
): Promise<OpenLot> {
  const stored = typeof lot === 'string' ? await findLot(home, lot) : lot;
  const cards = await listKeyCards(home);
  const isOwner = cards.some((card) => card.provisioningKey === stored.lot.provisioningKey);
  if (isOwner) return openOwnLot(home, stored, credentials);
  const { openGrantedLot } = await import('./open-granted-lot.ts');
  const now = (options.clock ?? systemClock).now();
  const granted = await openGrantedLot(home, stored, { credentials, now });
  if (granted) return granted;
  throw new KeylineError('not-found', {
    message: `this home has neither the key nor a grant of lot ${stored.lot.code}`,
    hint: 'Import the provisioning key, or a grant for this station with `keyline lot import`.',
    facts: { lotId: stored.lot.lotId, provisioningKey: stored.lot.provisioningKey },
  });
}

/** The book in which every secret that leaves an open lot is entered first. */
export function bookOf(home: Home, lot: Lot, clock?: Clock): AllocationBook {
  return AllocationBook.open(home, lot.lotId, clock);
}

async function openOwnLot(
  home: Home,
  stored: StoredLot,
  credentials: Credentials,
): Promise<OpenLot> {
  const { lot, descriptor } = stored;
  await using key = await openKey(home, lot.provisioningKey, credentials);
  const sealKey = await key.sealKey();
  const lotSecret = await deriveLotSecret(key, lot.lotId);
  try {
    const groupKey = await readGroupKey(home, lot, lotSecret);
    return ownedLot(stored, {
      sealKey,
      secrets: ownerSecrets(lot, lotSecret, { groupKey }),
      descriptor,
    });
  } catch (error) {
    lotSecret[Symbol.dispose]();
    throw error;
  }
}

function ownedLot(
  stored: StoredLot,
  by: { readonly sealKey: KeyObject; readonly secrets: LotSecrets; readonly descriptor: string },
): OpenLot {
  const signer: Signer = { key: by.sealKey, lot: by.descriptor };
  return {
    lot: stored.lot,
    descriptor: by.descriptor,
    secrets: by.secrets,
    by: 'owner',
    signer,
    grants: [],
    signerFor: () => signer,
    closedAt: stored.closedAt,
    warnings: [],
    [Symbol.asyncDispose]() {
      by.secrets[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}
