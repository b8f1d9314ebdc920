import type { KeyObject } from 'node:crypto';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { equalBytes } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { provisioningKeyOfSeal } from '../model/hierarchy.ts';
import type { LotId, ProvisioningKey } from '../model/ids.ts';
import { lotEnd } from '../model/lot.ts';
import type { Lot } from '../model/lot.ts';
import { contains, formatRange, INDEX_LIMIT, rangeEnd } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import { verifyGrant } from './grant.ts';
import type { VerifiedGrant } from './grant.ts';
import { signStatement, verifyStatement } from './jws.ts';
import { openLotDescriptor } from './lot-descriptor.ts';

const TYP = 'keyline-seal+jws';
const closed = { additionalProperties: false } as const;

/** Rows in each chunk of a sealed manifest but the last. */
export const ROWS_PER_CHUNK = 65_536;

/** What a seal says of a manifest's plaintext bytes, before gzip and age. */
export const ManifestSeal = Type.Object(
  {
    kind: Type.Union([Type.Literal('planned'), Type.Literal('as-built')]),
    provisioningKey: Type.Unsafe<ProvisioningKey>(Type.String({ maxLength: 64 })),
    lotId: Type.Unsafe<LotId>(Type.String({ maxLength: 64 })),
    format: Type.Union([Type.Literal('csv'), Type.Literal('ndjson')]),
    /** `name` or `name:format`, in the file's order. */
    columns: Type.Array(Type.String({ maxLength: 80 }), { minItems: 1, maxItems: 128 }),
    /** Ascending, apart; a planned manifest has one. */
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
    /** Rows. */
    count: Type.Integer({ minimum: 1, maximum: INDEX_LIMIT }),
    rowsPerChunk: Type.Literal(ROWS_PER_CHUNK),
    /** SHA-256 of each chunk, hexadecimal. */
    chunks: Type.Array(Type.String({ pattern: '^[0-9a-f]{64}$' }), { minItems: 1 }),
    createdAt: Type.Optional(
      Type.String({ pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$` }),
    ),
    /** The provisioning key is a throw-away or test key. */
    test: Type.Optional(Type.Literal(true)),
  },
  closed,
);
export type ManifestSeal = Static<typeof ManifestSeal>;

const ORDER = Object.keys(ManifestSeal.properties) as (keyof ManifestSeal)[];

/** Who seals: the owner with the seal key, or a station with its own key and its grant. */
export interface Signer {
  readonly key: KeyObject;
  /** The lot's descriptor, JWS. */
  readonly lot: string;
  /** The grant's JWS, where a station signs. */
  readonly grant?: string;
}

/** A seal that leads from its signer up to the lot's `kp_`. */
export interface VerifiedSeal {
  readonly seal: ManifestSeal;
  readonly lot: Lot;
  /** There where a station signed. */
  readonly grant?: VerifiedGrant;
}

/** The seal as JWS. What it says is checked when it is read, by whoever reads it. */
export function sealManifest(seal: ManifestSeal, signer: Signer): Promise<string> {
  const payload = Object.fromEntries(
    ORDER.filter((name) => seal[name] !== undefined).map((name) => [name, seal[name]]),
  );
  const { lot, grant } = signer;
  return signStatement(TYP, payload, signer.key, { lot, ...(grant !== undefined && { grant }) });
}

/**
 * Walks a seal to its root: the signer's key is the one to which the lot's `kp_` commits (the
 * owner's), or the station key named in a grant that this seal key signed, for this lot, and then
 * every row lies in the grant's ranges. Throws `signature-invalid`, `descriptor-invalid`, a grant's
 * code, `key-mismatch` when `expectKey` is another key, `outside-grant` for rows beyond the grant.
 * A grant that has ended since does not undo what was sealed before.
 */
export async function verifyManifestSeal(
  jws: string,
  expectKey?: ProvisioningKey,
): Promise<VerifiedSeal> {
  const { header, payload: seal, signerSpki } = await verifyStatement(TYP, ManifestSeal, jws);
  if (header.lot === undefined) throw refused('names no lot descriptor');
  const lot = await openLotDescriptor(header.lot);
  if (seal.lotId !== lot.lotId || seal.provisioningKey !== lot.provisioningKey) {
    throw refused('names another lot than its descriptor');
  }
  if (expectKey !== undefined && expectKey !== lot.provisioningKey) {
    throw new KeylineError('key-mismatch', {
      message: `the manifest is sealed under ${lot.provisioningKey}, not ${expectKey}`,
      hint: 'Check which key the manifest should come from; do not use it before you know.',
      facts: { expected: expectKey, found: lot.provisioningKey },
    });
  }
  if ((seal.test ?? false) !== (lot.test ?? false)) throw refused('hides or claims a test key');
  checkShape(seal, lot);
  if (header.grant === undefined) {
    const owner = provisioningKeyOfSeal(signerSpki) === lot.provisioningKey;
    if (!owner) throw refused('is signed by a key that may not sign it');
    return { seal, lot };
  }
  const grant = await verifyGrant(header.grant);
  checkStation(seal, grant, { lot, signerSpki });
  return { seal, lot, grant };
}

/** Throws `outside-grant` unless every range lies in one of the grant's ranges. */
export function checkInGrant(grant: VerifiedGrant, ranges: readonly Range[]): void {
  const outside = ranges.find(
    (range) => !grant.statement.ranges.some((granted) => contains(granted, range)),
  );
  if (!outside) return;
  throw new KeylineError('outside-grant', {
    message: `units ${formatRange(outside)} are not in the grant`,
    facts: {
      range: formatRange(outside),
      granted: grant.statement.ranges.map((range) => formatRange(range)),
    },
  });
}

function checkStation(
  seal: ManifestSeal,
  grant: VerifiedGrant,
  by: { readonly lot: Lot; readonly signerSpki: Uint8Array },
): void {
  const sameLot =
    grant.lot.lotId === by.lot.lotId && grant.lot.provisioningKey === by.lot.provisioningKey;
  if (!sameLot) throw refused('rests on a grant for another lot');
  if (!equalBytes(Buffer.from(grant.statement.stationKey, 'base64'), by.signerSpki)) {
    throw refused('is signed by another station than its grant names');
  }
  if (seal.createdAt !== undefined && seal.createdAt > grant.statement.notAfter) {
    throw refused('was made after its grant had ended');
  }
  checkInGrant(grant, seal.ranges);
}

/** What a seal claims of its own rows must hold together before any file is compared with it. */
function checkShape(seal: ManifestSeal, lot: Lot): void {
  let end = 0;
  let units = 0;
  for (const range of seal.ranges) {
    if (range.from < end) throw refused('has ranges that are not ascending');
    end = rangeEnd(range);
    units += range.count;
  }
  if (end > lotEnd(lot)) throw refused('has units that the lot does not have');
  if (seal.kind === 'planned' && seal.ranges.length > 1) throw refused('is planned in pieces');
  const complete = seal.kind === 'planned' ? seal.count === units : seal.count <= units;
  if (!complete) throw refused('counts other rows than its ranges have');
  if (seal.chunks.length !== Math.ceil(seal.count / ROWS_PER_CHUNK)) {
    throw refused('has another number of chunks than its rows need');
  }
}

function refused(what: string): KeylineError {
  return new KeylineError('signature-invalid', {
    message: `the seal ${what}`,
    facts: { typ: TYP, reason: 'claim' },
  });
}
