import type { KeyObject } from 'node:crypto';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { equalBytes, fromBase64, toBase64 } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { spkiOf } from '../model/hierarchy.ts';
import { signStatement, verifyStatement } from './jws.ts';

const TYP = 'keyline-station+jws';

/** What a station says of itself: where grants for it are encrypted to, and the key that it seals with. */
export const StationCard = Type.Object(
  {
    /** SubjectPublicKeyInfo DER of its Ed25519 key, base64. */
    stationKey: Type.String({ pattern: '^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$' }),
    /** An age X25519 recipient. */
    recipient: Type.String({ pattern: '^age1[02-9ac-hj-np-z]{58}$' }),
    /** For people; one line of plain text. */
    name: Type.String({ pattern: String.raw`^[^\x00-\x1f\x7f-\x9f]{1,64}$` }),
    createdAt: Type.String({ pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$` }),
  },
  { additionalProperties: false },
);
export type StationCard = Static<typeof StationCard>;

/** The card as JWS, signed by the station itself, which proves that it holds the key. */
export function signStationCard(
  card: Omit<StationCard, 'stationKey'>,
  stationKey: KeyObject,
): Promise<string> {
  const { recipient, name, createdAt } = card;
  const payload = { stationKey: toBase64(spkiOf(stationKey)), recipient, name, createdAt };
  return signStatement(TYP, payload, stationKey);
}

/** The card that a JWS states and its own key signed. Throws `invalid-station-card`. */
export async function openStationCard(jws: string): Promise<StationCard> {
  const { payload, signerSpki } = await verifyStatement(TYP, StationCard, jws).catch(
    (error: unknown) => {
      throw error instanceof KeylineError ? refused('does not verify') : error;
    },
  );
  const named = fromBase64(payload.stationKey);
  if (!named || !equalBytes(named, signerSpki)) throw refused('is signed by another key');
  return payload;
}

function refused(what: string): KeylineError {
  return new KeylineError('invalid-station-card', { message: `the station card ${what}` });
}
