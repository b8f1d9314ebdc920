import { createHash, createHmac, createPublicKey, verify as verifySignature } from 'node:crypto';
import { equalBytes, fromBase64, fromHex, utf8 } from '../../kernel/bytes.ts';
import { DeviceFailure } from '../../model/failure.ts';
import { EVIDENCE_KINDS } from '../driver.ts';
import type { Evidence, EvidenceKind } from '../driver.ts';
import type { ConsoleCheck } from '../schema/console-schema.ts';
import type { DeviceValues } from '../values.ts';

/** What the checks look at. */
export interface Checked {
  readonly captured: ReadonlyMap<string, string>;
  readonly values: DeviceValues;
  /** 32 random bytes that the device had to answer to; made anew for each verification. */
  readonly challenge: Uint8Array;
  /** Names of values that are raw bytes and so have no text of their own. */
  readonly rawNames: ReadonlySet<string>;
}

/** What a check shows when it holds. */
export function evidenceOf(check: ConsoleCheck): EvidenceKind {
  if (check.proof !== undefined) return 'proof';
  return check.digest !== undefined ? 'digest' : 'readback';
}

/** The value that a check is about. */
export function subjectOf(check: ConsoleCheck): string | undefined {
  return check.equals ?? check.digest ?? check.key;
}

/**
 * Holds what the device told against the values, to the byte. Returns the weakest evidence among the
 * checks of secrets, as reading back what is public says nothing of them. Throws DeviceFailure `verify-mismatch`, and `garbage` where what came cannot be it at all.
 */
export function runChecks(checks: readonly ConsoleCheck[], checked: Checked): Evidence {
  for (const check of checks) {
    const text = checked.captured.get(check.captured);
    if (text === undefined) throw new DeviceFailure('garbage', `no ${check.captured} was told`);
    if (!holds(check, text, checked)) {
      const subject = subjectOf(check) ?? check.captured;
      throw new DeviceFailure('verify-mismatch', `${subject} is not what was written`);
    }
  }
  const ofSecrets = checks.filter((check) => {
    const subject = subjectOf(check);
    return check.proof !== undefined || (subject && checked.values.get(subject).isSecret);
  });
  const kinds = new Set((ofSecrets.length > 0 ? ofSecrets : checks).map(evidenceOf));
  const kind = [...EVIDENCE_KINDS].reverse().find((known) => kinds.has(known)) ?? 'readback';
  const detail = checks
    .map((check) => `${subjectOf(check) ?? check.captured} by ${check.proof ?? evidenceOf(check)}`)
    .join(', ');
  return { kind, detail: detail.slice(0, 512) };
}

function holds(check: ConsoleCheck, text: string, checked: Checked): boolean {
  const { values } = checked;
  if (check.equals !== undefined) {
    const isBytes = check.as !== undefined || checked.rawNames.has(check.equals);
    const told = isBytes ? decode(text, check) : utf8(text);
    try {
      return values.get(check.equals).use((bytes) => equalBytes(bytes, told));
    } finally {
      told.fill(0);
    }
  }
  const told = decode(text, check);
  if (check.digest !== undefined) {
    return values
      .get(check.digest)
      .use((bytes) => equalBytes(createHash('sha256').update(bytes).digest(), told));
  }
  if (check.proof === undefined || check.key === undefined) return false;
  const { proof } = check;
  const message =
    check.over === 'text' ? utf8(challengeText(checked.challenge)) : checked.challenge;
  return values.get(check.key).use((key) => {
    if (proof === 'hmac-sha256') {
      return equalBytes(createHmac('sha256', key).update(message).digest(), told);
    }
    return isSigned(proof, key, { message, signature: told });
  });
}

/** The challenge as `{challenge}` gives it to the device: 64 lower-case hexadecimal characters. */
export function challengeText(challenge: Uint8Array): string {
  return Buffer.from(challenge).toString('hex');
}

/** `key`: SubjectPublicKeyInfo in base64, as the column `public_key:der` has it. */
function isSigned(
  proof: 'ed25519' | 'ecdsa-sha256',
  key: Uint8Array,
  { message, signature }: { readonly message: Uint8Array; readonly signature: Uint8Array },
): boolean {
  const publicKey = createPublicKey({
    key: Buffer.from(Buffer.from(key).toString('latin1'), 'base64'),
    format: 'der',
    type: 'spki',
  });
  if (publicKey.asymmetricKeyType !== (proof === 'ed25519' ? 'ed25519' : 'ec')) return false;
  if (proof === 'ed25519') return verifySignature(null, message, publicKey, signature);
  // Both forms are about: r and s side by side (IEEE P1363), and RFC 3279's DER.
  const dsaEncoding = signature.length === 64 ? 'ieee-p1363' : 'der';
  return verifySignature('sha256', message, { key: publicKey, dsaEncoding }, signature);
}

function decode(text: string, { as = 'hex', captured }: ConsoleCheck): Uint8Array {
  const bytes = as === 'hex' ? fromHex(text.toLowerCase()) : fromBase64(text);
  if (!bytes) throw new DeviceFailure('verify-mismatch', `${captured} is not ${as}`);
  return bytes;
}
