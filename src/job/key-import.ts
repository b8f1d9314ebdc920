import type { Home } from '../home/home.ts';
import type { ProvisioningKey } from '../model/ids.ts';
import { readBackup } from '../keystore/backup.ts';
import type { BackupSource } from '../keystore/backup.ts';
import type { Credentials } from '../keystore/credentials.ts';
import type { KeyCard } from '../keystore/key-card.ts';
import { storeKey } from './key-create.ts';
import type { KeyChoices } from './key-create.ts';
import { storeKeyInToken } from './key-token.ts';
import type { TokenRequest } from './key-token.ts';

/** Where an imported key comes from and what it must be. */
export interface KeyImport {
  readonly source: BackupSource;
  /** The key that it is said to be. */
  readonly expect?: ProvisioningKey;
  readonly choices: KeyChoices;
  /** A token that is to keep it, instead of a file. */
  readonly token?: Omit<TokenRequest, 'choices' | 'expect'>;
}

/**
 * Keeps a `ks_` of a file, of standard input or of a person in the home. An age file is opened with the
 * credentials, which then protect the new key file too, unless recipients are named. Throws
 * `invalid-provisioning-secret`, `key-mismatch`, `already-exists`, and what opening throws.
 */
export async function importKey(
  home: Home,
  request: KeyImport,
  credentials: () => Credentials,
): Promise<KeyCard> {
  const { source, expect, choices, token } = request;
  const { secret } = await readBackup(source, credentials);
  using _owned = secret;
  const expected = expect !== undefined && { expect };
  if (token !== undefined) {
    return await storeKeyInToken(home, secret, {
      request: { ...token, choices, ...expected },
      credentials: credentials(),
    });
  }
  return await storeKey(home, secret, {
    choices,
    credentials: choices.recipients.length > 0 ? undefined : credentials(),
    ...expected,
  });
}
