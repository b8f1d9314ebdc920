import type { KeyObject } from 'node:crypto';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { equalBytes, fromBase64 } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { LotId } from '../model/ids.ts';
import { lotEnd } from '../model/lot.ts';
import type { Lot } from '../model/lot.ts';
import { INDEX_LIMIT, rangeEnd } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import { verifyGrant } from './grant.ts';
import type { VerifiedGrant } from './grant.ts';
import { signStatement, verifyStatement } from './jws.ts';
import type { VerifiedStatement } from './jws.ts';
import { openLedgerHead } from './ledger-head.ts';
import type { LedgerHeadStatement } from './ledger-head.ts';
import { openLotDescriptor } from './lot-descriptor.ts';
import { checkInGrant } from './manifest-seal.ts';
import { StationCard } from './station-card.ts';

const TYP = 'keyline-return+jws';
const closed = { additionalProperties: false } as const;

/** What a station says that it never used and can give no more. */
export const UnitReturn = Type.Object(
  {
    lotId: Type.Unsafe<LotId>(Type.String({ maxLength: 64 })),
    stationKey: StationCard.properties.stationKey,
    station: StationCard.properties.name,
    returns: Type.Array(
      Type.Object(
        {
          /** JWS, under which the station had them; absent at the owner's own station. */
          grant: Type.Optional(Type.String({ maxLength: 1024 * 1024 })),
          /** Ascending and apart. */
          ranges: Type.Array(
            Type.Object(
              {
                from: Type.Integer({ minimum: 0, maximum: INDEX_LIMIT }),
                count: Type.Integer({ minimum: 1, maximum: INDEX_LIMIT }),
              },
              closed,
            ),
            { minItems: 1, maxItems: 65_536 },
          ),
        },
        closed,
      ),
      { maxItems: 1024 },
    ),
    /** The ledger's head, JWS, in which they are surrendered. */
    ledger: Type.String({ maxLength: 16 * 1024 }),
    createdAt: Type.String({ pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$` }),
  },
  closed,
);
export type UnitReturn = Static<typeof UnitReturn>;

/** A statement that leads from its station to the owner's grants. */
export interface VerifiedReturn {
  readonly statement: UnitReturn;
  readonly lot: Lot;
  /** The lot's descriptor as the station has it. */
  readonly descriptor: string;
  readonly returns: readonly {
    readonly grant: VerifiedGrant | undefined;
    readonly ranges: readonly Range[];
  }[];
  readonly head: LedgerHeadStatement;
}

/** The statement as JWS, signed by the station. The same statement gives the same bytes. */
export function signUnitReturn(
  statement: UnitReturn,
  by: { readonly key: KeyObject; readonly lot: string },
): Promise<string> {
  const { lotId, stationKey, station, returns, ledger, createdAt } = statement;
  const payload = { lotId, stationKey, station, returns, ledger, createdAt };
  return signStatement(TYP, payload, by.key, { lot: by.lot });
}

/**
 * The statement, once its signature holds, its station signed it, and each grant it rests on was made by
 * the lot's owner for that station and has its units. Throws `return-invalid`, `return-altered`,
 * `return-forged`, `return-foreign` for a grant of another lot, `outside-grant`, `descriptor-invalid`.
 * Whether the owner knows the grants, and whether the units came back before, is for the book to say.
 */
export async function openUnitReturn(jws: string): Promise<VerifiedReturn> {
  const { header, payload: statement, signerSpki } = await verifyJws(jws);
  if (header.lot === undefined) throw refused('return-invalid', 'names no lot descriptor');
  const lot = await openLotDescriptor(header.lot);
  const { lotId, stationKey } = statement;
  if (lotId !== lot.lotId) throw refused('return-invalid', 'names another lot than its descriptor');
  const named = fromBase64(stationKey);
  if (!named || !equalBytes(named, signerSpki)) {
    throw refused('return-forged', 'is signed by another key than its station’s');
  }
  const head = await headOf(statement.ledger);
  if (head.stationKey !== stationKey) {
    throw refused('return-forged', 'rests on the ledger of another station');
  }
  const returns: VerifiedReturn['returns'][number][] = [];
  for (const { grant, ranges } of statement.returns) {
    checkRanges(ranges, lot);
    const verified = grant === undefined ? undefined : await grantOf(grant, { lot, stationKey });
    if (verified) checkInGrant(verified, ranges);
    returns.push({ grant: verified, ranges });
  }
  return { statement, lot, descriptor: header.lot, returns, head };
}

async function verifyJws(jws: string): Promise<VerifiedStatement<UnitReturn>> {
  try {
    return await verifyStatement(TYP, UnitReturn, jws);
  } catch (error) {
    if (!(error instanceof KeylineError)) throw error;
    const altered = error.facts['reason'] === 'signature';
    throw new KeylineError(altered ? 'return-altered' : 'return-invalid', {
      message: error.message,
    });
  }
}

async function headOf(jws: string): Promise<LedgerHeadStatement> {
  try {
    return await openLedgerHead(jws);
  } catch (error) {
    if (!(error instanceof KeylineError)) throw error;
    throw refused('return-invalid', 'has no head of a ledger that verifies');
  }
}

async function grantOf(
  jws: string,
  by: { readonly lot: Lot; readonly stationKey: string },
): Promise<VerifiedGrant> {
  let grant: VerifiedGrant;
  try {
    grant = await verifyGrant(jws);
  } catch (error) {
    if (!(error instanceof KeylineError)) throw error;
    throw refused('return-forged', `rests on a grant that does not hold: ${error.message}`);
  }
  if (grant.lot.lotId !== by.lot.lotId) {
    throw refused('return-foreign', `rests on a grant of lot ${grant.lot.code}`);
  }
  if (grant.statement.stationKey !== by.stationKey) {
    throw refused('return-forged', 'rests on a grant for another station');
  }
  return grant;
}

function checkRanges(ranges: readonly Range[], lot: Lot): void {
  let end = 0;
  for (const range of ranges) {
    if (range.from < end || rangeEnd(range) > lotEnd(lot)) {
      throw refused('return-invalid', 'has ranges that are not ascending, or not of its lot');
    }
    end = rangeEnd(range);
  }
}

function refused(
  code: 'return-invalid' | 'return-forged' | 'return-foreign',
  what: string,
): KeylineError {
  return new KeylineError(code, { message: `the statement of never-used units ${what}` });
}
