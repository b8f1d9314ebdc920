import { Type } from 'typebox';
import type { Static, TObject, TSchema } from 'typebox';
import type { DriverName } from '../profile-model.ts';
import { DRIVER_NAMES, PRESENCE_MODES } from '../profile-model.ts';

const closed = { additionalProperties: false } as const;
const text = (maxLength: number) => Type.String({ minLength: 1, maxLength });

/** A name in a profile: of a value, of a capture. */
export const NAME_PATTERN = '^[a-z][a-z0-9_]{0,63}$';

/** One of these words. */
export function choice<const T extends string>(words: readonly T[]) {
  return Type.Unsafe<T>(Type.Union(words.map((word) => Type.Literal(word))));
}

/** One value: exactly one of the members. */
const Value = Type.Object(
  {
    /** A column of the unit, with its format after a colon: `endpoint_secret:hex`; `raw` for its bytes. */
    column: Type.Optional(text(64)),
    constant: Type.Optional(Type.String({ maxLength: 4096 })),
    trustAnchor: Type.Optional(choice(['pem', 'der', 'raw'])),
    /** Of the lot, for devices that are to verify who owns them. */
    custodyAnchor: Type.Optional(choice(['hex', 'base64', 'base64url', 'raw'])),
  },
  { ...closed, minProperties: 1, maxProperties: 1 },
);

/** What every profile has, whatever its driver. */
export const COMMON = {
  name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }),
  description: Type.Optional(text(512)),
  driver: choice(DRIVER_NAMES),
  port: Type.Optional(
    Type.Object({ baudRate: Type.Integer({ minimum: 50, maximum: 12_000_000 }) }, closed),
  ),
  presence: Type.Optional(choice(PRESENCE_MODES)),
  identity: Type.Object(
    {
      from: choice(['device', 'scan', 'programmer']),
      pattern: text(512),
      kind: Type.Optional(choice(['mac', 'text'])),
      allowLocalMac: Type.Optional(Type.Boolean()),
      refuse: Type.Optional(Type.Array(text(128), { maxItems: 256 })),
    },
    closed,
  ),
  expect: Type.Optional(Type.Object({ model: text(512) }, closed)),
  values: Type.Record(Type.String(), Value, {
    propertyNames: { pattern: NAME_PATTERN },
    minProperties: 1,
    maxProperties: 64,
  }),
};
/** A profile's file without its driver's section. */
export type ProfileDocument = Static<TObject<typeof COMMON>>;

/** The closed schema of profiles of one driver; its section stands under its name. */
export function profileSchemaFor(kind: { readonly name: DriverName; readonly section: TSchema }) {
  return Type.Object({ ...COMMON, [kind.name]: kind.section }, closed);
}
