import type { Home } from '../home/home.ts';
import { KeylineError } from '../kernel/errors.ts';
import { softwareExpander } from '../model/hierarchy.ts';
import { isId, parseProvisioningKey } from '../model/ids.ts';
import type { ProvisioningKey } from '../model/ids.ts';
import { readBackup } from '../keystore/backup.ts';
import type { BackupSource } from '../keystore/backup.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { findKeyCard, listKeyCards } from '../keystore/key-card.ts';
import { cardOf } from '../keystore/software-key.ts';

/** What a backup that passed is. */
export interface BackupCheck {
  readonly provisioningKey: ProvisioningKey;
  /** Whether whoever has the file has the key. */
  readonly isPlaintext: boolean;
}

/**
 * Proves that a backup gives the key `reference`: a `kp_…`, known to this home or not, a label, or the
 * home's only key. Throws `key-mismatch` where it gives another one, and what reading it throws.
 */
export async function checkBackup(
  home: Home,
  request: { readonly source: BackupSource; readonly reference?: string | undefined },
  credentials: () => Credentials,
): Promise<BackupCheck> {
  const expected = await expectedKey(home, request.reference);
  const { secret, isPlaintext } = await readBackup(request.source, credentials);
  using _owned = secret;
  const facts = { use: 'factory', createdAt: '' } as const;
  const { provisioningKey } = await cardOf(softwareExpander(secret), facts);
  if (provisioningKey === expected) return { provisioningKey, isPlaintext };
  const known = (await listKeyCards(home)).find((card) => card.provisioningKey === provisioningKey);
  const label = known?.label === undefined ? '' : ` (${known.label})`;
  throw new KeylineError('key-mismatch', {
    message: `the backup gives ${provisioningKey}${label}, not ${expected}`,
    hint: known
      ? 'It is a backup of another key of yours.'
      : 'It is no backup of this key; check which one it is.',
    facts: { expected, found: provisioningKey },
  });
}

async function expectedKey(home: Home, reference: string | undefined): Promise<ProvisioningKey> {
  if (reference !== undefined && isId('kp', reference)) return parseProvisioningKey(reference);
  return (await findKeyCard(home, reference)).provisioningKey;
}
