import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { Home } from '../home/home.ts';
import { systemClock, isoSeconds } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import { Secret } from '../kernel/secret.ts';
import { softwareExpander } from '../model/hierarchy.ts';
import type { ProvisioningKey } from '../model/ids.ts';
import { encrypt } from '../keystore/age-file.ts';
import type { Protection } from '../keystore/age-file.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { listKeyCards, writeKeyCard } from '../keystore/key-card.ts';
import type { KeyCard } from '../keystore/key-card.ts';
import { writeFileAtomic } from '../kernel/atomic-file.ts';
import { chooseProtection, disposeProtection } from '../keystore/protection.ts';
import { formatProvisioningSecret } from '../keystore/secret-text.ts';
import { cardOf } from '../keystore/software-key.ts';

export type { KeyCard };

/** What a person decides about a new key. */
export interface KeyChoices {
  readonly use: 'factory' | 'field';
  /** 1–64 characters for people, given to one key only. */
  readonly label?: string;
  /** `age1…`, whoever else is to open the key file. */
  readonly recipients: readonly string[];
  readonly clock?: Clock;
}

/** 32 random bytes: a provisioning secret, the caller's to wipe. */
export function newProvisioningSecret(): Secret {
  return Secret.take(Uint8Array.from(randomBytes(32)));
}

/** Makes a provisioning key and keeps it in the home. Throws `already-exists`, `no-passphrase`, `invalid-recipient`. */
export async function createKey(
  home: Home,
  choices: KeyChoices,
  credentials: Credentials | undefined,
): Promise<KeyCard> {
  using secret = newProvisioningSecret();
  return await storeKey(home, secret, { choices, credentials });
}

/**
 * Keeps a provisioning secret as a file of the home. The secret stays the caller's. Throws
 * `already-exists`, and `key-mismatch` where it does not give the key that is expected.
 */
export async function storeKey(
  home: Home,
  secret: Secret,
  options: {
    readonly choices: KeyChoices;
    readonly credentials: Credentials | undefined;
    readonly expect?: ProvisioningKey;
  },
): Promise<KeyCard> {
  const { choices, credentials, expect } = options;
  const draft = await draftCard(secret, choices, expect);
  // Asked and encrypted before the lock, so that nobody waits for a person or for scrypt.
  await refuseKnown(home, draft);
  const purpose = `New passphrase for ${draft.provisioningKey}`;
  const protection = await chooseProtection(choices.recipients, credentials, purpose);
  try {
    using text = formatProvisioningSecret(secret);
    const card: KeyCard = { ...draft, home: keyHomeOf(protection) };
    await writeKey(home, card, await encrypt(text, protection));
    return card;
  } finally {
    disposeProtection(protection);
  }
}

/** The card of a new key, before its home is known. Throws `usage` for a label that cannot be one. */
export async function draftCard(
  secret: Secret,
  choices: KeyChoices,
  expect?: ProvisioningKey,
): Promise<KeyCard> {
  const { use, label, clock = systemClock } = choices;
  if (label !== undefined && !isLabel(label)) {
    throw new KeylineError('usage', {
      message: 'a label has 1 to 64 printable characters, and is no kp_ itself',
    });
  }
  const createdAt = isoSeconds(clock.now());
  const card = await cardOf(softwareExpander(secret), {
    use,
    createdAt,
    ...(label !== undefined && { label }),
  });
  if (expect === undefined || card.provisioningKey === expect) return card;
  throw new KeylineError('key-mismatch', {
    message: `the secret gives ${card.provisioningKey}, not ${expect}`,
    facts: { expected: expect, found: card.provisioningKey },
  });
}

/** Throws `already-exists` where the home has this key, or another one with its label. */
export async function refuseKnown(home: Home, card: KeyCard): Promise<void> {
  for (const known of await listKeyCards(home)) {
    const isSame = known.provisioningKey === card.provisioningKey;
    if (!isSame && (card.label === undefined || known.label !== card.label)) continue;
    throw new KeylineError('already-exists', {
      message: isSame
        ? `${card.provisioningKey} is in ${home.path} already`
        : `the label ${JSON.stringify(card.label)} belongs to ${known.provisioningKey}`,
      facts: { key: known.provisioningKey },
    });
  }
}

async function writeKey(home: Home, card: KeyCard, content: Uint8Array): Promise<void> {
  await using _lock = await home.lock();
  await refuseKnown(home, card);
  await home.folder(home.keysDir);
  const path = home.keyFile(card.provisioningKey);
  // Without a card such a file is what an interrupted command left.
  await writeFileAtomic(path, content, { mode: 0o600, force: true });
  try {
    await writeKeyCard(home, card);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

function keyHomeOf(protection: Protection): KeyCard['home'] {
  return protection.type === 'passphrase'
    ? { type: 'file', protection: 'passphrase' }
    : { type: 'file', protection: 'recipients', recipients: [...protection.recipients] };
}

function isLabel(text: string): boolean {
  return /^[\P{C}]{1,64}$/u.test(text) && text.trim() === text && !text.startsWith('kp_');
}
