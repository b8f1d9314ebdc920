import type { KeyObject } from 'node:crypto';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { fromBase64, equalBytes } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { signStatement, verifyStatement } from './jws.ts';
import { StationCard } from './station-card.ts';

const TYP = 'keyline-ledger+jws';
const digest = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** How far a station's ledger has come: the hash of an event covers all events before it. */
export const LedgerHeadStatement = Type.Object(
  {
    stationKey: StationCard.properties.stationKey,
    machineId: digest,
    /** Names this life of the station's ledger. */
    epoch: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    seq: Type.Integer({ minimum: 1 }),
    hash: digest,
  },
  { additionalProperties: false },
);
export type LedgerHeadStatement = Static<typeof LedgerHeadStatement>;

/** The head as JWS, signed by the station. The same head gives the same bytes. */
export function signLedgerHead(head: LedgerHeadStatement, stationKey: KeyObject): Promise<string> {
  const { stationKey: key, machineId, epoch, seq, hash } = head;
  return signStatement(TYP, { stationKey: key, machineId, epoch, seq, hash }, stationKey);
}

/** The head that a JWS states and the station that it names signed. Throws `signature-invalid`. */
export async function openLedgerHead(jws: string): Promise<LedgerHeadStatement> {
  const { payload, signerSpki } = await verifyStatement(TYP, LedgerHeadStatement, jws);
  const named = fromBase64(payload.stationKey);
  if (named && equalBytes(named, signerSpki)) return payload;
  throw new KeylineError('signature-invalid', {
    message: 'the ledger’s head is signed by another key than its station’s',
    facts: { typ: TYP, reason: 'signature' },
  });
}
