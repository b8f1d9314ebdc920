import type { KeyObject } from 'node:crypto';
import { toBase64 } from '../kernel/bytes.ts';
import { expand } from '../kernel/hkdf.ts';
import type { Secret } from '../kernel/secret.ts';
import {
  deriveSealKey,
  provisioningKeyOfSeal,
  softwareExpander,
  spkiOf,
} from '../model/hierarchy.ts';
import type { Expander } from '../model/hierarchy.ts';
import type { KeyCard, KeyHome } from './key-card.ts';
import { manufacturerPublicKey } from './manufacturer-key.ts';

/** What a card says beside what follows from the secret. */
export interface CardFacts {
  readonly use: 'factory' | 'field';
  readonly label?: string;
  /** ISO 8601 UTC, whole seconds. */
  readonly createdAt: string;
  readonly home?: KeyHome;
  /** A throw-away or test key; stands in every lot and seal made with it. */
  readonly test?: true;
}

/** A provisioning key that can be used until it is disposed, wherever its secret is. */
export interface OpenKey extends Expander, AsyncDisposable {
  readonly card: KeyCard;
  /** The Ed25519 private key that seals; derived anew by each call. */
  sealKey(): Promise<KeyObject>;
}

/** An open key over a provisioning secret in memory, which it owns from now on and wipes when disposed. */
export async function softwareKey(secret: Secret, facts: CardFacts): Promise<OpenKey> {
  const card = await cardOf(softwareExpander(secret), facts);
  return {
    card,
    expand: (info, sizeBytes) => Promise.resolve(expand(secret, info, sizeBytes)),
    sealKey: () => deriveSealKey(softwareExpander(secret)),
    [Symbol.asyncDispose]: () => {
      secret[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

/** The card that follows from a provisioning secret: its `kp_`, seal key and manufacturer key. */
export async function cardOf(provisioningSecret: Expander, facts: CardFacts): Promise<KeyCard> {
  const sealKey: KeyObject = await deriveSealKey(provisioningSecret);
  const spki = spkiOf(sealKey);
  return {
    provisioningKey: provisioningKeyOfSeal(spki),
    use: facts.use,
    ...(facts.label !== undefined && { label: facts.label }),
    createdAt: facts.createdAt,
    sealKey: toBase64(spki),
    manufacturerKey: toBase64(await manufacturerPublicKey(provisioningSecret)),
    home: facts.home ?? { type: 'memory' },
    ...(facts.test && { test: facts.test }),
  };
}
