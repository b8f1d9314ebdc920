import { KeylineError } from '../kernel/errors.ts';
import type { Protection } from './age-file.ts';
import { parseRecipients } from './age-recipient.ts';
import type { Credentials } from './credentials.ts';
import { recipientsOfIdentities } from './identity-file.ts';

/**
 * How something new is protected: for the recipients that are named; else, with an identity file,
 * for its own recipients; else by a passphrase. A passphrase is the caller's, who disposes of it.
 */
export async function chooseProtection(
  recipients: readonly string[],
  credentials: Credentials | undefined,
  purpose: string,
): Promise<Protection> {
  if (recipients.length > 0) {
    return { type: 'recipients', recipients: await parseRecipients(recipients) };
  }
  if (credentials?.identityFile !== undefined) {
    const own = await recipientsOfIdentities(credentials.identityFile, credentials);
    return { type: 'recipients', recipients: own };
  }
  if (credentials?.newPassphrase !== undefined) {
    return { type: 'passphrase', passphrase: await credentials.newPassphrase(purpose) };
  }
  throw new KeylineError('no-passphrase', {
    message: 'nothing says what is to protect the new file',
    hint: 'Give --recipient age1…, --identity FILE or --passphrase-file FILE|-.',
  });
}

/** Wipes the passphrase, where there is one. */
export function disposeProtection(protection: Protection): void {
  if (protection.type === 'passphrase') protection.passphrase[Symbol.dispose]();
}
