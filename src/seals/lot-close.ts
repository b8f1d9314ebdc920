import type { KeyObject } from 'node:crypto';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { KeylineError } from '../kernel/errors.ts';
import { provisioningKeyOfSeal } from '../model/hierarchy.ts';
import type { LotId, ProvisioningKey } from '../model/ids.ts';
import type { Lot } from '../model/lot.ts';
import { INDEX_LIMIT } from '../model/range.ts';
import { signStatement, verifyStatement } from './jws.ts';
import { LedgerHeadStatement } from './ledger-head.ts';
import { openLotDescriptor } from './lot-descriptor.ts';

const TYP = 'keyline-close+jws';
const closed = { additionalProperties: false } as const;
const count = Type.Integer({ minimum: 0, maximum: INDEX_LIMIT });
const text = (maxLength: number) =>
  Type.String({ minLength: 1, maxLength, pattern: String.raw`^[^\x00-\x1f\x7f-\x9f]*$` });

/** Where the units of one part of a closed lot are; the counts add up to `total`. */
const ClosedPart = Type.Object(
  {
    total: count,
    /** Verified on their devices. */
    done: count,
    scrapped: count,
    replaced: count,
    /** Given to a station, never used, and given back for good. */
    surrendered: count,
    /** Left with their secrets to be written elsewhere, and nothing came back. */
    elsewhere: count,
    /** Left with their secrets into no ledger; the owner's allocation book says to whom. */
    handedOut: count,
    /** Given to a ledger that was lost, and not known to be unused. */
    lost: count,
    neverLeft: count,
  },
  closed,
);
export type ClosedPart = Static<typeof ClosedPart>;

/** What an owner says of a lot for good: where every unit is, and by which ledgers. */
export const LotClose = Type.Object(
  {
    provisioningKey: Type.Unsafe<ProvisioningKey>(Type.String({ maxLength: 64 })),
    lotId: Type.Unsafe<LotId>(Type.String({ maxLength: 64 })),
    planned: ClosedPart,
    spare: ClosedPart,
    /** Why planned units were not used; there where any was not. */
    unusedReason: Type.Optional(text(512)),
    /** What became of the units of a lost ledger; there where there are any. */
    lostReason: Type.Optional(text(512)),
    /** The ledgers that were read, each up to the event that is named. */
    ledgers: Type.Array(
      Type.Object(
        {
          station: text(128),
          stationKey: LedgerHeadStatement.properties.stationKey,
          epoch: LedgerHeadStatement.properties.epoch,
          seq: LedgerHeadStatement.properties.seq,
          hash: LedgerHeadStatement.properties.hash,
        },
        closed,
      ),
      { maxItems: 4096 },
    ),
    closedAt: Type.String({ pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$` }),
    test: Type.Optional(Type.Literal(true)),
  },
  closed,
);
export type LotClose = Static<typeof LotClose>;

const ORDER = Object.keys(LotClose.properties) as (keyof LotClose)[];
const PART_ORDER = Object.keys(ClosedPart.properties) as (keyof ClosedPart)[];

/** The statement as JWS, sealed by the seal key of the lot's provisioning key; `descriptor` is the lot's. */
export function sealLotClose(
  close: LotClose,
  signer: { readonly key: KeyObject; readonly lot: string },
): Promise<string> {
  const inOrder = (part: ClosedPart): object =>
    Object.fromEntries(PART_ORDER.map((name) => [name, part[name]]));
  const whole = { ...close, planned: inOrder(close.planned), spare: inOrder(close.spare) };
  const payload = Object.fromEntries(
    ORDER.filter((name) => close[name] !== undefined).map((name) => [name, whole[name]]),
  );
  return signStatement(TYP, payload, signer.key, { lot: signer.lot });
}

/**
 * The statement and its lot, once the signature holds, the signer is the owner of the lot, and what is
 * said adds up. Throws `signature-invalid`, `descriptor-invalid`.
 */
export async function openLotClose(jws: string): Promise<{ close: LotClose; lot: Lot }> {
  const { header, payload: close, signerSpki } = await verifyStatement(TYP, LotClose, jws);
  if (header.lot === undefined || header.grant !== undefined) throw refused('names no descriptor');
  const lot = await openLotDescriptor(header.lot);
  if (close.lotId !== lot.lotId || close.provisioningKey !== lot.provisioningKey) {
    throw refused('names another lot than its descriptor');
  }
  if (provisioningKeyOfSeal(signerSpki) !== lot.provisioningKey) {
    throw refused('is not sealed by the owner of its lot');
  }
  if ((close.test ?? false) !== (lot.test ?? false)) throw refused('hides or claims a test key');
  requireSums(close, lot);
  return { close, lot };
}

function requireSums({ planned, spare, lostReason }: LotClose, lot: Lot): void {
  if (planned.total !== lot.size || spare.total !== lot.spare) {
    throw refused('counts another number of units than the lot has');
  }
  for (const { total, ...rest } of [planned, spare]) {
    const sum = Object.values(rest).reduce((all, one) => all + one, 0);
    if (sum !== total) throw refused('does not add up');
  }
  if (planned.lost + spare.lost > 0 && lostReason === undefined) {
    throw refused('gives no reason for what was lost');
  }
}

function refused(what: string): KeylineError {
  return new KeylineError('signature-invalid', {
    message: `the closing statement ${what}`,
    facts: { typ: TYP, reason: 'claim' },
  });
}
