import { createHmac, randomBytes } from 'node:crypto';
import { equalBytes, fromBase64Url, toBase64Url, toHex, utf8 } from '../../kernel/bytes.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { expand, labelled } from '../../kernel/hkdf.ts';
import { Secret } from '../../kernel/secret.ts';

const PREFIX = 'km_';

/** What the registry's keys are for; each is derived from the master key under a label of its own. */
export type KeyPurpose = 'check' | 'cursor' | 'nonce' | 'owner keys' | 'totp';

/** The registry's keys: one secret of 32 bytes, kept in a file, and what is derived from it (HKDF-Expand). */
export class MasterKey implements Disposable {
  readonly #secret: Secret;

  private constructor(secret: Secret) {
    this.#secret = secret;
  }

  /** A new one, and its text: `km_` and 43 characters of base64url. */
  static generate(): { readonly key: MasterKey; readonly text: string } {
    const bytes = Uint8Array.from(randomBytes(32));
    return { key: new MasterKey(Secret.take(bytes)), text: PREFIX + toBase64Url(bytes) };
  }

  /** The one in a file's text, a line feed at its end allowed. Throws `master-key-invalid`. */
  static parse(text: string): MasterKey {
    const line = text.replace(/\r?\n$/, '');
    const bytes = line.startsWith(PREFIX) ? fromBase64Url(line.slice(3)) : undefined;
    if (bytes?.length === 32) return new MasterKey(Secret.take(bytes));
    throw new KeylineError('master-key-invalid', { message: 'the file holds no master key' });
  }

  /** The 32 bytes for one purpose. */
  derive(purpose: KeyPurpose): Secret {
    return expand(this.#secret, labelled(`keyline/v1 registry ${purpose}`), 32);
  }

  /** HMAC-SHA256 of the parts, each with its length before it so that no two lists are one text. */
  mac(purpose: KeyPurpose, ...parts: readonly string[]): Uint8Array {
    using key = this.derive(purpose);
    return key.use((bytes) => {
      const mac = createHmac('sha256', bytes);
      for (const part of parts.map(utf8)) mac.update(`${part.length}:`).update(part);
      return mac.digest();
    });
  }

  /** What a database keeps of its master key, so that another one is refused. */
  checkValue(): string {
    return toHex(this.mac('check'));
  }

  [Symbol.dispose](): void {
    this.#secret[Symbol.dispose]();
  }
}

/** Whether a MAC is the one for these parts, in time that says nothing. */
export function isMac(
  key: MasterKey,
  purpose: KeyPurpose,
  mac: Uint8Array,
  parts: string[],
): boolean {
  return equalBytes(key.mac(purpose, ...parts).subarray(0, mac.length), mac) && mac.length >= 16;
}
