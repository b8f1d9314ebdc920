import type { Secret } from '../kernel/secret.ts';

/**
 * Where what opens an age file or a token comes from; asked only when needed. A method is absent
 * where there is no such source. Secrets returned belong to the caller, who disposes of them.
 */
export interface Credentials {
  /** A file of AGE-SECRET-KEY-1… lines, as age-keygen writes it; may itself be an age file with a passphrase. */
  readonly identityFile?: string;
  /** Every file from which credentials come, over which nothing may be written. */
  readonly files?: readonly string[];
  /** UTF-8, never empty: from a file, standard input or a prompt that shows `purpose`. */
  passphrase?(purpose: string): Promise<Secret>;
  /** The same for something new: a prompt asks twice. */
  newPassphrase?(purpose: string): Promise<Secret>;
  /** PIN of a PKCS#11 token, UTF-8. */
  pin?(purpose: string): Promise<Secret>;
  /** Told once about a credential file that others may read. */
  warn?(message: string): void;
}
