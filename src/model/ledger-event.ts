import { Type } from 'typebox';
import type { Static, TObject } from 'typebox';
import { Check } from 'typebox/value';
import type { LotId } from './ids.ts';
import { INDEX_LIMIT } from './range.ts';

const closed = { additionalProperties: false } as const;
// No control characters: what a device said is shown on terminals and in reports.
const PLAIN = String.raw`^[^\x00-\x1f\x7f-\x9f]*$`;
const text = (maxLength: number) => Type.String({ maxLength, pattern: PLAIN });
const name = Type.String({ minLength: 1, maxLength: 128, pattern: PLAIN });
const reason = Type.String({ minLength: 1, maxLength: 512, pattern: PLAIN });
const digest = Type.String({ pattern: '^[0-9a-f]{64}$' });
const lotId = Type.Unsafe<LotId>(Type.String({ pattern: '^kl_[0-9a-hjkmnp-tv-z]{26}$' }));
const index = Type.Integer({ minimum: 0, maximum: INDEX_LIMIT - 1 });
const hardwareId = name;
const epoch = Type.String({ pattern: '^[0-9a-f]{32}$' });
const code = Type.String({ pattern: '^[a-z][a-z0-9-]{0,63}$' });
const ranges = Type.Array(
  Type.Object({ from: index, count: Type.Integer({ minimum: 1, maximum: INDEX_LIMIT }) }, closed),
  { minItems: 1, maxItems: 65_536 },
);

const EVIDENCE = ['proof', 'digest', 'readback', 'programmer', 'external'] as const;

/** What shows that a device holds its credential, or `external` where another's word must do. */
export const EvidenceSchema = Type.Object(
  {
    // A union made by `map` has no static type of its own.
    kind: Type.Unsafe<(typeof EVIDENCE)[number]>(
      Type.Union(EVIDENCE.map((kind) => Type.Literal(kind))),
    ),
    detail: text(512),
  },
  closed,
);
export type LedgerEvidence = Static<typeof EvidenceSchema>;

/** Facts that a profile captures from a device, such as its firmware version, IMEI or MAC. */
export const CapturesSchema = Type.Record(
  Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_.-]{0,63}$' }),
  text(256),
  {
    maxProperties: 64,
  },
);

/** Where and by whom; a run gives it with each event. */
const context = {
  slot: Type.Optional(name),
  jig: Type.Optional(name),
  operator: Type.Optional(name),
  order: Type.Optional(name),
  /** SHA-256 of the device profile. */
  profileDigest: Type.Optional(digest),
};
/** What the ledger itself puts on every event. */
const stamp = {
  /** 1, 2, 3 … without a gap. */
  seq: Type.Integer({ minimum: 1 }),
  /** ISO 8601 UTC in milliseconds. */
  at: Type.String({ pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$` }),
  /** The station's name. */
  station: name,
  toolVersion: name,
};
const unit = {
  lotId,
  index,
  hardwareId,
  /** 1 and one more for each failure. */ attempt: Type.Integer({ minimum: 1 }),
};
const captures = Type.Optional(CapturesSchema);

const event = <const T extends string, P extends object>(type: T, properties: P) =>
  Type.Object({ ...stamp, type: Type.Literal(type), ...context, ...properties }, closed);

/**
 * Every kind of event, each a closed object: a field that is not named here does not get in, and no
 * field is for a secret.
 */
export const LEDGER_EVENTS = {
  /** The first event. `epoch`: 16 random bytes, so that a new ledger is never taken for the lost one. */
  created: event('created', {
    stationKey: Type.String({ pattern: '^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$' }),
    machineId: digest,
    epoch,
    /** What was set aside in the folder for this ledger to begin, as far as it could be read. */
    retired: Type.Optional(
      Type.Object(
        {
          folder: name,
          reason,
          operator: name,
          epoch: Type.Optional(epoch),
          seq: Type.Optional(Type.Integer({ minimum: 1 })),
        },
        closed,
      ),
    ),
  }),
  /** Units that this ledger may give (`here`), or that come back from elsewhere by `ledger import`. */
  admitted: event('admitted', {
    lotId,
    size: Type.Integer({ minimum: 1, maximum: INDEX_LIMIT }),
    spare: Type.Integer({ minimum: 0, maximum: INDEX_LIMIT }),
    ranges,
    use: Type.Union([Type.Literal('here'), Type.Literal('elsewhere')]),
    /** A grant id, or the reference of an entry of the allocation book. */
    reference: Type.Optional(name),
    /** Why units of a lost ledger are free again. */
    reason: Type.Optional(reason),
  }),
  /** Never-used units given back for good. */
  surrendered: event('surrendered', { lotId, ranges, reason }),
  /** A device that got no unit. */
  refused: event('refused', { lotId, hardwareId: Type.Optional(hardwareId), code, reason }),
  /** A label printed; with a reason it is a reprint. */
  printed: event('printed', {
    lotId,
    index,
    hardwareId: Type.Optional(hardwareId),
    reason: Type.Optional(reason),
  }),
  reserved: event('reserved', {
    ...unit,
    /** The index that this one replaces. */ replaces: Type.Optional(index),
  }),
  released: event('released', { ...unit, code: Type.Optional(code), reason }),
  adopted: event('adopted', {
    ...unit,
    endpointKey: Type.String({ pattern: '^ek_[0-9a-hjkmnp-tv-z]{26}$' }),
    captures,
  }),
  imported: event('imported', { ...unit, evidence: EvidenceSchema, captures, reference: name }),
  rejected: event('rejected', { ...unit, code, reason, reference: name }),
  writing: event('writing', {
    ...unit,
    /** Why a foreign credential was overwritten. */ overwrites: Type.Optional(reason),
  }),
  written: event('written', { ...unit, captures }),
  /** `idAfter`: the hardware id as it was read again after the verification. */
  verified: event('verified', { ...unit, evidence: EvidenceSchema, idAfter: hardwareId, captures }),
  /** A device that had passed before and was verified once more. */
  checked: event('checked', { ...unit, evidence: EvidenceSchema, idAfter: hardwareId }),
  /** `label`: what was scanned back of it, never a claim code. */
  done: event('done', { ...unit, label: Type.Optional(text(256)) }),
  failed: event('failed', { ...unit, code, reason }),
  scrapped: event('scrapped', { ...unit, reason }),
  replaced: event('replaced', {
    ...unit,
    reason,
    /** The index that the device has from now on. */ by: index,
  }),
} as const;

type Events = { [T in keyof typeof LEDGER_EVENTS]: Static<(typeof LEDGER_EVENTS)[T]> };
export type LedgerEventType = keyof Events;
/** One event of a station's ledger. */
export type LedgerEvent<T extends LedgerEventType = LedgerEventType> = Events[T];
/** An event before the ledger has stamped it. */
export type NewEvent<T extends LedgerEventType = LedgerEventType> = T extends LedgerEventType
  ? Omit<Events[T], 'seq' | 'at' | 'station' | 'toolVersion'>
  : never;
/** Where and by whom. */
export type EventContext = Pick<
  LedgerEvent,
  'slot' | 'jig' | 'operator' | 'order' | 'profileDigest'
>;

/** True for an event of exactly the shape of its type. */
export function isLedgerEvent(value: unknown): value is LedgerEvent {
  if (typeof value !== 'object' || value === null || !('type' in value)) return false;
  const { type } = value;
  if (typeof type !== 'string' || !Object.hasOwn(LEDGER_EVENTS, type)) return false;
  return Check(LEDGER_EVENTS[type as LedgerEventType] as TObject, value);
}

const SECRET_TEXT =
  /(?:ks_|es_)[A-Za-z0-9_-]{16,}|AGE-SECRET-KEY-[A-Z0-9-]{16,}|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?/gi;

/**
 * Text from a device or a person as an event may hold it: what looks like a secret masked, control
 * characters as spaces, cut to `limit` characters. A driver has masked the secrets it sent before.
 */
export function eventText(text: string, limit = 512): string {
  return text
    .replace(SECRET_TEXT, '[secret]')

    .replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ')
    .slice(0, limit)
    .trim();
}
