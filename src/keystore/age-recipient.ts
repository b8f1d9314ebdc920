import { KeylineError } from '../kernel/errors.ts';

declare const brand: unique symbol;
/** An X25519 recipient, `age1…`, checked. */
export type AgeRecipient = string & { readonly [brand]: 'age1' };

/**
 * Parses `age1…`, its checksum included. Plugin and post-quantum recipients are refused, as not
 * every age implementation opens them. Throws `invalid-recipient`.
 */
export async function parseRecipient(text: string): Promise<AgeRecipient> {
  const { Encrypter } = await import('age-encryption');
  const recipient = text.trim();
  try {
    if (!/^age1[0-9a-z]{58}$/.test(recipient)) throw new Error('another type');
    new Encrypter().addRecipient(recipient);
  } catch {
    // A secret pasted here must not come back in the message.
    const shown = recipient.startsWith('age1') ? `: ${recipient.slice(0, 70)}` : '';
    throw new KeylineError('invalid-recipient', { message: `not an X25519 recipient${shown}` });
  }
  return recipient as AgeRecipient;
}

/** Parses each, and leaves out repetitions. Throws `invalid-recipient`. */
export async function parseRecipients(texts: readonly string[]): Promise<readonly AgeRecipient[]> {
  return [...new Set(await Promise.all(texts.map(parseRecipient)))];
}
