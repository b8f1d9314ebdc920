import { Type } from 'typebox';
import { Check } from 'typebox/value';
import { KeylineError } from '../kernel/errors.ts';
import { Secret } from '../kernel/secret.ts';
import { grantSecrets } from '../model/grant-secrets.ts';
import type { LotSecrets } from '../model/lot-secrets.ts';
import { checkGrantFor, verifyGrant } from './grant.ts';
import type { VerifiedGrant } from './grant.ts';
import type { StationCard } from './station-card.ts';

/** More than this is no grant: tables of certificates are the largest that there are. */
const LIMIT_BYTES = 384 * 1024 * 1024;

const GrantFile = Type.Object(
  { grant: Type.String({ maxLength: 1024 * 1024 }), secrets: Type.String() },
  { additionalProperties: false },
);

/** The plaintext of a grant's age file: the sealed statement, and the secrets that it commits to. */
export function grantPlaintext(grantJws: string, secretsText: string): Secret {
  const text = JSON.stringify({ grant: grantJws, secrets: secretsText });
  return Secret.take(new TextEncoder().encode(text));
}

/**
 * Opens a grant's decrypted plaintext for a station. Checks who made it, whom it is for, whether it
 * has ended and then its secrets, in this order. Throws `grant-invalid`, `grant-altered`,
 * `grant-forged`, `grant-foreign`, `grant-expired`, `descriptor-invalid`. The secrets returned are
 * the caller's to dispose of.
 */
export async function openGrantPlaintext(
  plaintext: Uint8Array,
  station: Pick<StationCard, 'stationKey' | 'recipient'>,
  now: Date,
): Promise<{ grant: VerifiedGrant; secrets: LotSecrets }> {
  const file = parse(plaintext);
  const grant = await verifyGrant(file.grant);
  checkGrantFor(grant, station, now);
  const { ranges, secretsDigest } = grant.statement;
  return { grant, secrets: grantSecrets({ lot: grant.lot, ranges, secretsDigest }, file.secrets) };
}

function parse(plaintext: Uint8Array): { grant: string; secrets: string } {
  if (plaintext.length > LIMIT_BYTES) throw invalid('is too large');
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(plaintext));
  } catch {
    throw invalid('holds no JSON');
  }
  if (!Check(GrantFile, value)) throw invalid('has another shape');
  return value;
}

function invalid(what: string): KeylineError {
  return new KeylineError('grant-invalid', { message: `the grant file ${what}` });
}
