import type { Home } from '../home/home.ts';
import { KeylineError } from '../kernel/errors.ts';
import { encrypt } from '../keystore/age-file.ts';
import { parseRecipients } from '../keystore/age-recipient.ts';
import type { Credentials } from '../keystore/credentials.ts';
import type { KeyCard } from '../keystore/key-card.ts';
import { readKeySecret, requireSameKey } from '../keystore/open-key.ts';
import { formatProvisioningSecret } from '../keystore/secret-text.ts';
import { softwareKey } from '../keystore/software-key.ts';
import { openOutput } from '../manifest/open-output.ts';
import { protectedFiles } from './protected-files.ts';

/** Where a provisioning secret goes. */
export interface KeyExport {
  /** A file, or `-` for standard output. */
  readonly output: string;
  readonly force: boolean;
  /** `age1…`: an age file for them; none: readable text. */
  readonly recipients: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * Writes `ks_…` and a line feed, or an age file of it, 0600 and whole or not at all; proves first that
 * it gives the key of the card. Throws as `openKey` does, `output-exists`, `output-is-input`, and
 * `usage` for a key in a token.
 */
export async function exportKey(
  home: Home,
  card: KeyCard,
  options: { readonly to: KeyExport; readonly credentials: Credentials },
): Promise<void> {
  const { to, credentials } = options;
  if (card.home.type !== 'file') {
    throw new KeylineError('usage', {
      message: `the secret of ${card.provisioningKey} is in a token and never leaves it`,
      hint: 'Use the backup that was made when the key was put into the token.',
    });
  }
  const recipients = await parseRecipients(to.recipients);
  await using output = await openOutput(to.output, {
    secret: true,
    force: to.force,
    inputs: protectedFiles(home, credentials),
    signal: to.signal,
  });
  using secret = await readKeySecret(home, card, credentials);
  await using key = await softwareKey(secret.clone(), card);
  requireSameKey(card, key.card);
  using text = formatProvisioningSecret(secret);
  const content =
    recipients.length > 0
      ? await encrypt(text, { type: 'recipients', recipients })
      : text.use((bytes) => Uint8Array.from(bytes));
  await output.write(content);
  content.fill(0);
  await output.end();
  await output.sync();
  await output.commit();
}
