import { access } from 'node:fs/promises';
import { refuseWideMode } from '../home/home.ts';
import type { Home } from '../home/home.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import { decryptFile } from './age-file.ts';
import type { Credentials } from './credentials.ts';
import { findKeyCard } from './key-card.ts';
import type { KeyCard } from './key-card.ts';
import { parseProvisioningSecret } from './secret-text.ts';
import { softwareKey } from './software-key.ts';
import type { OpenKey } from './software-key.ts';

export type { OpenKey };

/**
 * Opens the key that `reference` (`kp_…` or label; else the only one) names, and proves that it is the
 * one of its card. Throws `not-found`, `ambiguous`, `wrong-passphrase`, `no-passphrase`, `key-damaged`,
 * `key-mismatch`, `home-unsafe`, `pkcs11-unavailable` and `pkcs11-failed`.
 */
export async function openKey(
  home: Home,
  reference: string | undefined,
  credentials: Credentials,
): Promise<OpenKey> {
  const card = await findKeyCard(home, reference);
  const key = await openCard(home, card, credentials);
  try {
    requireSameKey(card, key.card);
  } catch (error) {
    await key[Symbol.asyncDispose]();
    throw error;
  }
  return { ...key, card };
}

/** Throws `key-mismatch` where an opened key is not the one of its card in the home. */
export function requireSameKey(card: KeyCard, opened: KeyCard): void {
  const expected = card.provisioningKey;
  const found = opened.provisioningKey;
  if (found !== expected) {
    throw new KeylineError('key-mismatch', {
      message: `the secret kept for ${expected} gives ${found}`,
      facts: { expected, found },
    });
  }
  if (opened.sealKey !== card.sealKey || opened.manufacturerKey !== card.manufacturerKey) {
    throw new KeylineError('key-mismatch', {
      message: `the card of ${expected} names other public keys than its secret gives`,
      facts: { expected },
    });
  }
}

/** The secret of a key that is kept in a file; the caller disposes of it. Throws as `openKey` does. */
export async function readKeySecret(
  home: Home,
  card: KeyCard,
  credentials: Credentials,
): Promise<Secret> {
  const path = home.keyFile(card.provisioningKey);
  await requireFile(path);
  await refuseWideMode(path);
  using text = await decryptFile(path, credentials);
  try {
    return parseProvisioningSecret(text);
  } catch (error) {
    if (!(error instanceof KeylineError)) throw error;
    throw new KeylineError('key-damaged', {
      message: `${path} does not hold a provisioning secret`,
      facts: { path },
    });
  }
}

async function openCard(home: Home, card: KeyCard, credentials: Credentials): Promise<OpenKey> {
  if (card.home.type === 'pkcs11') {
    const { openTokenKey } = await import('./pkcs11/token-key.ts');
    return openTokenKey(card, credentials);
  }
  return softwareKey(await readKeySecret(home, card, credentials), card);
}

async function requireFile(path: string): Promise<void> {
  try {
    await access(path);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    throw new KeylineError('key-damaged', {
      message: `the key file ${path} is missing`,
      facts: { path },
    });
  }
}
