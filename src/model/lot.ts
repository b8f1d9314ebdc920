import { Type } from 'typebox';
import type { Static } from 'typebox';
import { INDEX_LIMIT } from './range.ts';
import type { LotId, ProvisioningKey } from './ids.ts';

/** How a unit's credential is made, as derivation.md defines it. */
export const SCHEMES = ['psk', 'ed25519', 'p256', 'x509-p256', 'azure-dps'] as const;
export type Scheme = (typeof SCHEMES)[number];

const closed = { additionalProperties: false } as const;
const Timestamp = Type.String({ pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$` });

/** What a lot's certificates say; all of it is fixed when the lot is made, so that deriving again gives the same bytes. */
export const X509Profile = Type.Object(
  {
    /** What stands in a device certificate's common name. */
    subject: Type.Union([Type.Literal('endpoint-key'), Type.Literal('serial')]),
    /** The lot's issuing CA first, then its issuers up to the root; each DER in base64. */
    chain: Type.Array(Type.String(), { minItems: 1, maxItems: 8 }),
    notBefore: Timestamp,
    /** RFC 5280 section 4.1.2.5: `9999-12-31T23:59:59Z` says that no date is known. */
    notAfter: Timestamp,
  },
  closed,
);
export type X509Profile = Static<typeof X509Profile>;

/** The payload of a lot descriptor: everything public that makes a lot what it is. */
export const LotSchema = Type.Object(
  {
    lotId: Type.Unsafe<LotId>(Type.String({ pattern: '^kl_[0-9a-hjkmnp-tv-z]{26}$' })),
    /** A name for people; unique on a machine where it can be, never an identity. */
    code: Type.String({ minLength: 1, maxLength: 64 }),
    provisioningKey: Type.Unsafe<ProvisioningKey>(
      Type.String({ pattern: '^kp_[0-9a-hjkmnp-tv-z]{26}$' }),
    ),
    /** SHA-256 of the provisioning key's manufacturer key (SPKI): where its devices' custody begins. */
    custodyAnchor: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
    scheme: Type.Union(SCHEMES.map((scheme) => Type.Literal(scheme))),
    /** Planned units: indexes 0 … size − 1. */
    size: Type.Integer({ minimum: 1, maximum: INDEX_LIMIT }),
    /** Units for rework after them: indexes size … size + spare − 1. */
    spare: Type.Integer({ minimum: 0, maximum: INDEX_LIMIT }),
    /** Such as `ACME-A1-{n:8}`; see serial-template.ts. */
    serialTemplate: Type.String({ minLength: 1, maxLength: 128 }),
    /** The number in the serial of unit 0. */
    firstNumber: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    model: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    attributes: Type.Optional(Type.Record(Type.String(), Type.String())),
    labelBaseUrl: Type.Optional(Type.String({ maxLength: 512 })),
    fdo: Type.Optional(
      Type.Object({ deviceInfo: Type.String(), rendezvous: Type.String() }, closed),
    ),
    x509: Type.Optional(X509Profile),
    /** azure-dps: whether the enrollment group key was imported instead of derived. */
    azureGroupKey: Type.Optional(Type.Union([Type.Literal('derived'), Type.Literal('imported')])),
    createdAt: Timestamp,
    /** The key is a throw-away or test key; a registry takes it into test accounts only. */
    test: Type.Optional(Type.Literal(true)),
  },
  closed,
);

/** A lot as its sealed descriptor states it. */
export type Lot = Omit<Static<typeof LotSchema>, 'scheme'> & { readonly scheme: Scheme };

/** One past the last index of the lot, its spare range included. */
export function lotEnd(lot: Lot): number {
  return lot.size + lot.spare;
}
