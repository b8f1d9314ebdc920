import { Type } from 'typebox';
import type { Static } from 'typebox';
import { PRESENCE_MODES } from '../profile-model.ts';
import { choice } from './profile-schema.ts';

const closed = { additionalProperties: false } as const;
const usbId = Type.String({ pattern: '^[0-9a-fA-F]{4}$' });
const text = Type.String({ minLength: 1, maxLength: 256 });

/** Which port belongs to a slot. What is given must all hold. */
export const JigPort = Type.Object(
  {
    /** A path, in which `*` stands for any characters and `?` for one: `/dev/ttyUSB*`. */
    path: Type.Optional(text),
    /** Instead of all else: `tcp://host:port`, `rfc2217://host:port`. */
    url: Type.Optional(text),
    vendorId: Type.Optional(usbId),
    productId: Type.Optional(usbId),
    serialNumber: Type.Optional(text),
    /** Where it is plugged in: `1-1.4` is port 4 of the hub at port 1 of bus 1. */
    location: Type.Optional(text),
  },
  { ...closed, minProperties: 1 },
);
export type JigPort = Static<typeof JigPort>;

/** A jig file: the slots of one fixture. */
export const JigSchema = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$' }),
    description: Type.Optional(text),
    /** For slots that do not say otherwise; the profile's where this is missing too. */
    presence: Type.Optional(choice(PRESENCE_MODES)),
    slots: Type.Array(
      Type.Object(
        {
          slot: Type.Integer({ minimum: 1, maximum: 999 }),
          port: JigPort,
          presence: Type.Optional(choice(PRESENCE_MODES)),
          /** A barcode on the slot itself, for scans that name it. */
          barcode: Type.Optional(text),
        },
        closed,
      ),
      { minItems: 1, maxItems: 256 },
    ),
  },
  closed,
);
export type JigDocument = Static<typeof JigSchema>;
