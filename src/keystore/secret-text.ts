import { toBase64Url } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { Secret } from '../kernel/secret.ts';

const PREFIX = 'ks_';
const TEXT_LENGTH = 46;

/**
 * A provisioning secret of 32 bytes from its text: `ks_`, 43 characters of canonical base64url, and
 * white space around it. The text stays the caller's. Throws `invalid-provisioning-secret`.
 */
export function parseProvisioningSecret(text: Secret): Secret {
  return text.use((bytes) => {
    const trimmed = Buffer.from(trim(bytes));
    try {
      const isText = trimmed.length === TEXT_LENGTH && trimmed.toString('latin1', 0, 3) === PREFIX;
      // Not fromBase64Url: it would leave a second copy that nobody wipes.
      const decoded = Buffer.alloc(32);
      const secret = Secret.take(decoded);
      const size = decoded.write(trimmed.toString('latin1', 3), 'base64url');
      if (isText && size === 32 && toBase64Url(decoded) === trimmed.toString('latin1', 3)) {
        return secret;
      }
      secret[Symbol.dispose]();
    } finally {
      trimmed.fill(0);
    }
    throw new KeylineError('invalid-provisioning-secret', {
      message: 'this is no provisioning secret',
    });
  });
}

/** `ks_…` and a line feed, as it is kept at rest and exported. */
export function formatProvisioningSecret(secret: Secret): Secret {
  return secret.use((bytes) =>
    Secret.take(Uint8Array.from(Buffer.from(`${PREFIX}${toBase64Url(bytes)}\n`))),
  );
}

function trim(bytes: Uint8Array): Uint8Array {
  let from = 0;
  let to = bytes.length;
  while (from < to && isSpace(bytes[from])) from++;
  while (to > from && isSpace(bytes[to - 1])) to--;
  return bytes.subarray(from, to);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
