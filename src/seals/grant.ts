import type { KeyObject } from 'node:crypto';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { KeylineError } from '../kernel/errors.ts';
import { provisioningKeyOfSeal } from '../model/hierarchy.ts';
import type { Lot } from '../model/lot.ts';
import { BLOCK_UNITS, INDEX_LIMIT, rangeEnd } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import { signStatement, verifyStatement } from './jws.ts';
import type { VerifiedStatement } from './jws.ts';
import { openLotDescriptor } from './lot-descriptor.ts';
import { StationCard } from './station-card.ts';

const TYP = 'keyline-grant+jws';
const closed = { additionalProperties: false } as const;
const Timestamp = Type.String({ pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$` });

/** The public half of a grant: who may derive what of a lot until when, and which secrets go with it. */
export const GrantStatement = Type.Object(
  {
    /** 16 random bytes; names the file that a station keeps. */
    grantId: Type.String({ pattern: '^kg_[0-9a-hjkmnp-tv-z]{26}$' }),
    stationKey: StationCard.properties.stationKey,
    recipient: StationCard.properties.recipient,
    /** The lot's descriptor, JWS. */
    lot: Type.String({ maxLength: 256 * 1024 }),
    /** Whole blocks, ascending, apart. */
    ranges: Type.Array(
      Type.Object(
        {
          from: Type.Integer({ minimum: 0, maximum: INDEX_LIMIT }),
          count: Type.Integer({ minimum: 1, maximum: INDEX_LIMIT }),
        },
        closed,
      ),
      { minItems: 1, maxItems: 1024 },
    ),
    notAfter: Timestamp,
    createdAt: Timestamp,
    /** SHA-256 of the secrets' JSON text in UTF-8, hexadecimal. */
    secretsDigest: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  },
  closed,
);
export type GrantStatement = Static<typeof GrantStatement>;

/** A grant whose seal leads to its lot's `kp_`. */
export interface VerifiedGrant {
  readonly statement: GrantStatement;
  readonly lot: Lot;
  readonly jws: string;
}

/** The statement as JWS, sealed by the seal key of the lot's provisioning key. */
export function signGrant(statement: GrantStatement, sealKey: KeyObject): Promise<string> {
  const { grantId, stationKey, recipient, lot, ranges, notAfter, createdAt, secretsDigest } =
    statement;
  return signStatement(
    TYP,
    { grantId, stationKey, recipient, lot, ranges, notAfter, createdAt, secretsDigest },
    sealKey,
  );
}

/**
 * The grant that a JWS states, once signature, shape and descriptor hold and the signer is the seal
 * key of the lot's provisioning key. Throws `grant-invalid` (cannot be read), `grant-altered` (the
 * signature does not cover it), `grant-forged` (signed by somebody else than the lot's owner).
 * Which station it is for and whether it has expired are questions of their own: `checkGrantFor`.
 */
export async function verifyGrant(jws: string): Promise<VerifiedGrant> {
  const { payload, signerSpki } = await verifyJws(jws);
  const lot = await openLotDescriptor(payload.lot);
  if (provisioningKeyOfSeal(signerSpki) !== lot.provisioningKey) {
    throw new KeylineError('grant-forged', {
      message: `the grant is not sealed by the owner of lot ${lot.code}`,
      facts: { grantId: payload.grantId, provisioningKey: lot.provisioningKey },
    });
  }
  checkRanges(payload.ranges);
  return { statement: payload, lot, jws };
}

/** Throws `grant-foreign` for another station's grant and `grant-expired` after its last second. */
export function checkGrantFor(
  grant: VerifiedGrant,
  station: Pick<StationCard, 'stationKey' | 'recipient'>,
  now: Date,
): void {
  const { stationKey, recipient, grantId, notAfter } = grant.statement;
  if (stationKey !== station.stationKey || recipient !== station.recipient) {
    throw new KeylineError('grant-foreign', {
      message: 'the grant is for another station',
      facts: { grantId },
    });
  }
  // Written so that a date that cannot be read counts as past.
  if (!(now.getTime() <= Date.parse(notAfter))) {
    throw new KeylineError('grant-expired', {
      message: `the grant ended at ${notAfter}`,
      facts: { grantId, notAfter },
    });
  }
}

async function verifyJws(jws: string): Promise<VerifiedStatement<GrantStatement>> {
  try {
    return await verifyStatement(TYP, GrantStatement, jws);
  } catch (error) {
    if (!(error instanceof KeylineError)) throw error;
    const altered = error.facts['reason'] === 'signature';
    throw new KeylineError(altered ? 'grant-altered' : 'grant-invalid', { message: error.message });
  }
}

function checkRanges(ranges: readonly Range[]): void {
  let end = -1;
  for (const range of ranges) {
    const whole = range.from % BLOCK_UNITS === 0 && range.count % BLOCK_UNITS === 0;
    if (!whole || range.from <= end) {
      throw new KeylineError('grant-invalid', {
        message: 'the grant has ranges that are not whole blocks, ascending and apart',
      });
    }
    end = rangeEnd(range);
  }
}
