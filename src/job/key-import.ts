import type { Home } from '../home/home.ts';
import type { ProvisioningKey } from '../model/ids.ts';
import { readBackup } from '../keystore/backup.ts';
import type { BackupSource } from '../keystore/backup.ts';
import type { Credentials } from '../keystore/credentials.ts';
import type { KeyCard } from '../keystore/key-card.ts';
import { storeKey } from './key-create.ts';
import type { KeyChoices } from './key-create.ts';

/** Where an imported key comes from and what it must be. */
export interface KeyImport {
  readonly source: BackupSource;
  /** The key that it is said to be. */
  readonly expect?: ProvisioningKey;
  readonly choices: KeyChoices;
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
  const { source, expect, choices } = request;
  const { secret } = await readBackup(source, credentials);
  using _owned = secret;
  return await storeKey(home, secret, {
    choices,
    credentials: choices.recipients.length > 0 ? undefined : credentials(),
    ...(expect !== undefined && { expect }),
  });
}
