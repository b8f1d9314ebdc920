import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { KeylineError } from '../kernel/errors.ts';
import { unreadable } from '../kernel/unreadable.ts';

/** The certificates of a PEM file, as text. Throws `not-found`, and `usage` for a file that has none. */
export async function readCa(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    if (/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/.test(text)) {
      createSecureContext({ ca: text });
      return text;
    }
  } catch {
    // What OpenSSL says of it helps nobody.
  }
  throw new KeylineError('usage', {
    message: `${path} has no certificate in PEM`,
    facts: { path },
  });
}
