import { Type } from 'typebox';
import type { Static } from 'typebox';
import { ENROLLMENT_STATES, PROVISIONING_STATES } from '../../model/device-state.ts';
import { ESCROW_STATES } from '../../model/escrow.ts';
import type { ConfiguredVersion, FleetDevice as ShownDevice } from '../../registry/fleet.ts';
import type { FleetDeviceDetails as ShownDeviceDetails } from '../../registry/fleet.ts';
import { PAGE_QUERY } from '../http/page.ts';
import { RequestInvalid } from '../http/problem.ts';
import { escrowOf } from '../store/device-query.ts';
import type { DeviceQuery, FleetDevice } from '../store/device-query.ts';
import type { CustodyEntry } from '../store/fleet.ts';

const closed = { additionalProperties: false } as const;
/** A unit's number within its lot. */
export const UnitIndex = Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1 });

/** Which devices: of a list and of an offer the same; all that is given has to fit. */
export const DEVICE_FILTERS = {
  lotId: Type.Optional(Type.String({ maxLength: 64 })),
  first: Type.Optional(UnitIndex),
  last: Type.Optional(UnitIndex),
  serialPrefix: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  model: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  provisioning: Type.Optional(Type.Enum([...PROVISIONING_STATES])),
  enrollment: Type.Optional(Type.Enum([...ENROLLMENT_STATES])),
  escrow: Type.Optional(Type.Enum([...ESCROW_STATES])),
  mark: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  firmware: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
} as const;

/** Throws `request-invalid` for a range without its lot, which is missing at `pointer`. */
export function requireLotOfRange({ lotId, first, last }: DeviceQuery, pointer: string): void {
  if (lotId !== undefined || (first === undefined && last === undefined)) return;
  const detail = 'a range of indexes is of one lot';
  throw new RequestInvalid([{ pointer, code: 'missing', detail }]);
}

/** What a list's query asks for, its page left aside. Throws `request-invalid` for a range without its lot. */
export function filtersOf<Query extends DeviceQuery & PageFields>(
  query: Query,
): Omit<Query, keyof PageFields> {
  requireLotOfRange(query, '/query/lotId');
  const filters = Object.entries(query).filter(([name]) => !(name in PAGE_QUERY));
  return Object.fromEntries(filters) as Omit<Query, keyof PageFields>;
}
interface PageFields {
  readonly limit?: number;
  readonly cursor?: string;
}

const Configured = Type.Object({ step: Type.Integer(), version: Type.Integer() }, closed);

/** A device in a list, and as a line of NDJSON. */
export const DeviceView = Type.Object(
  {
    id: Type.String(),
    serial: Type.String(),
    endpointKey: Type.String(),
    provisioningKey: Type.String(),
    lotId: Type.String(),
    lotIndex: Type.Integer(),
    model: Type.Optional(Type.String()),
    provisioning: Type.Enum([...PROVISIONING_STATES]),
    enrollment: Type.Enum([...ENROLLMENT_STATES]),
    escrow: Type.Enum([...ESCROW_STATES]),
    transferId: Type.Optional(Type.String({ description: 'It is offered by this transfer.' })),
    mark: Type.Optional(Type.String({ description: 'What was seen that should not be.' })),
    hardwareId: Type.Optional(Type.String()),
    firmware: Type.Optional(Type.String()),
    lastSeenAt: Type.Optional(Type.String()),
    createdAt: Type.String(),
  },
  closed,
);

/** One device, with what it went through. */
export const DeviceDetails = Type.Object(
  {
    ...DeviceView.properties,
    scheme: Type.String(),
    attributes: Type.Optional(Type.Record(Type.String(), Type.String())),
    custodyStep: Type.Integer({ description: 'Transfers that it went through.' }),
    custody: Type.Array(
      Type.Object(
        {
          step: Type.Integer(),
          from: Type.String({ description: 'Handle.' }),
          to: Type.String({ description: 'Handle.' }),
          at: Type.String(),
        },
        closed,
      ),
    ),
    configured: Type.Optional(Configured),
    acknowledged: Type.Optional(Configured),
  },
  closed,
);

/** What of the rows is shown, as the client reads it. */
export function toDeviceView(device: FleetDevice): ShownDevice {
  const { id, serial, endpointKey, provisioningKey, lotId, lotIndex, createdAt } = device;
  const { model, mark, hardwareId, firmware, lastSeenAt, openTransferId } = device;
  return {
    ...{ id, serial, endpointKey, provisioningKey, lotId, lotIndex },
    ...(model !== null && { model }),
    ...{ provisioning: device.provisioning, enrollment: device.enrollment },
    escrow: escrowOf(device),
    ...(openTransferId !== null && { transferId: openTransferId }),
    ...(mark !== null && { mark }),
    ...(hardwareId !== null && { hardwareId }),
    ...(firmware !== null && { firmware }),
    ...(lastSeenAt !== null && { lastSeenAt }),
    createdAt,
  };
}

/** What of the rows is shown of one; captures of the line, such as an IMEI, where they may be seen. */
export function toDeviceDetails(
  device: FleetDevice,
  more: { readonly custody: readonly CustodyEntry[]; readonly hasAttributes: boolean },
): Static<typeof DeviceDetails> {
  const { scheme, custodyStep, attributes, configStep, configVersion } = device;
  const { ackStep, ackVersion } = device;
  const isShown = more.hasAttributes && attributes !== null;
  return {
    ...toDeviceView(device),
    ...{ scheme, custodyStep, custody: [...more.custody] },
    ...(isShown && { attributes: JSON.parse(attributes) as Record<string, string> }),
    ...configured('configured', configStep, configVersion),
    ...configured('acknowledged', ackStep, ackVersion),
  } satisfies ShownDeviceDetails;
}

function configured(
  name: 'configured' | 'acknowledged',
  step: number | null,
  version: number | null,
): Partial<Record<typeof name, ConfiguredVersion>> {
  return step === null || version === null ? {} : { [name]: { step, version } };
}
