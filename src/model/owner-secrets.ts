import type { Secret } from '../kernel/secret.ts';
import {
  deriveAzureGroupKey,
  deriveBlockSecret,
  deriveIssuerSeed,
  p256Scalar,
} from './hierarchy.ts';
import type { LotSecrets } from './lot-secrets.ts';
import { lotEnd } from './lot.ts';
import type { Lot } from './lot.ts';
import { roundToBlocks } from './range.ts';

/** What a lot has beside its lot secret. */
export interface OwnerExtra {
  /** azure-dps with an imported enrollment group key. */
  readonly groupKey?: Secret | undefined;
}

/**
 * Everything of a lot, from its 32-byte lot secret. Takes ownership of the secrets given and wipes
 * them on disposal.
 */
export function ownerSecrets(lot: Lot, lotSecret: Secret, extra: OwnerExtra = {}): LotSecrets {
  return {
    ranges: [roundToBlocks({ from: 0, count: lotEnd(lot) })],
    blockSecret: (block) => deriveBlockSecret(lotSecret, block),
    issuerKey() {
      if (lot.scheme !== 'x509-p256') return undefined;
      using seed = deriveIssuerSeed(lotSecret);
      return p256Scalar(seed);
    },
    certificate: () => undefined,
    groupKey() {
      if (lot.scheme !== 'azure-dps') return undefined;
      if (lot.azureGroupKey === 'derived') return deriveAzureGroupKey(lotSecret);
      if (extra.groupKey === undefined) throw new Error('the imported group key is missing');
      return extra.groupKey.clone();
    },
    deviceKey: () => undefined,
    [Symbol.dispose]() {
      lotSecret[Symbol.dispose]();
      extra.groupKey?.[Symbol.dispose]();
    },
  };
}
