import type { Home } from '../home/home.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import { encrypt } from '../keystore/age-file.ts';
import { parseRecipients } from '../keystore/age-recipient.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { writeKeyCard } from '../keystore/key-card.ts';
import type { KeyCard } from '../keystore/key-card.ts';
import type { TokenAddress } from '../keystore/pkcs11/token-address.ts';
import { formatProvisioningSecret } from '../keystore/secret-text.ts';
import { openOutput } from '../manifest/open-output.ts';
import type { Output } from '../manifest/output.ts';
import type { ProvisioningKey } from '../model/ids.ts';
import { draftCard, newProvisioningSecret, refuseKnown } from './key-create.ts';
import type { KeyChoices } from './key-create.ts';
import { protectedFiles } from './protected-files.ts';

/** A token as a key's home; the recipients of the choices open its backup. */
export interface TokenRequest {
  readonly token: TokenAddress;
  /** An age file for the recipients, written before the token gets the secret. */
  readonly backup?: { readonly path: string; readonly force: boolean };
  /** A person has said that a new key needs no backup; an import comes from one. */
  readonly withoutBackup?: boolean;
  readonly choices: KeyChoices;
  readonly expect?: ProvisioningKey;
}

/**
 * Puts a provisioning secret into a PKCS#11 token, after its backup was written; where the token
 * fails the backup is taken back. The secret stays the caller's. Throws `usage`, `already-exists`,
 * `key-mismatch`, `output-exists`, `pkcs11-unavailable`, `pkcs11-failed`, `no-passphrase`.
 */
export async function storeKeyInToken(
  home: Home,
  secret: Secret,
  options: { readonly request: TokenRequest; readonly credentials: Credentials },
): Promise<KeyCard> {
  const { request, credentials } = options;
  const { token, choices, expect } = request;
  requireRecipients(request);
  const draft = await draftCard(secret, choices, expect);
  await refuseKnown(home, draft);
  await using backup = await openBackup(request, protectedFiles(home, credentials));
  const { TokenSession } = await import('../keystore/pkcs11/token-session.ts');
  const { putIntoToken } = await import('../keystore/pkcs11/token-key.ts');
  using session = await TokenSession.open(token, credentials, { write: true });
  await using _lock = await home.lock();
  await refuseKnown(home, draft);
  await home.folder(home.keysDir);
  if (backup) await writeBackup(backup, secret, choices.recipients);
  try {
    const where = await putIntoToken(session, secret, { card: draft, module: token.module });
    const card: KeyCard = { ...draft, home: where };
    await writeKeyCard(home, card);
    return card;
  } catch (error) {
    await backup?.retract();
    throw error;
  }
}

/** Makes a provisioning key, writes its backup and puts it into a token. Throws as `storeKeyInToken` does. */
export async function createKeyInToken(
  home: Home,
  request: TokenRequest,
  credentials: Credentials,
): Promise<KeyCard> {
  if (request.backup === undefined && request.withoutBackup !== true) {
    throw new KeylineError('usage', {
      message: 'a key in a token needs a backup: what the token holds never leaves it',
      hint: 'Give --backup FILE and --recipient age1…, or say --no-backup.',
    });
  }
  using secret = newProvisioningSecret();
  return await storeKeyInToken(home, secret, { request, credentials });
}

function requireRecipients({ backup, choices }: TokenRequest): void {
  if ((backup === undefined) === (choices.recipients.length === 0)) return;
  throw new KeylineError('usage', {
    message: backup
      ? 'nobody is named who opens the backup'
      : 'recipients are named, but no file for the backup',
    hint: 'Give --backup FILE and --recipient age1… together.',
  });
}

async function openBackup(
  { backup }: TokenRequest,
  inputs: readonly string[],
): Promise<Output | undefined> {
  return backup && (await openOutput(backup.path, { secret: true, force: backup.force, inputs }));
}

async function writeBackup(
  output: Output,
  secret: Secret,
  recipients: readonly string[],
): Promise<void> {
  using text = formatProvisioningSecret(secret);
  const protection = { type: 'recipients', recipients: await parseRecipients(recipients) } as const;
  await output.write(await encrypt(text, protection));
  await output.end();
  await output.sync();
  await output.commit();
}
