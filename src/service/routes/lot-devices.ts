import { Type } from 'typebox';
import type { Static } from 'typebox';
import { KeylineError } from '../../kernel/errors.ts';
import { rowProblem } from '../../model/device-row.ts';
import type { DeviceRow, RowProblem } from '../../model/device-row.ts';
import type { Lot } from '../../model/lot.ts';
import { openLotDescriptor } from '../../seals/lot-descriptor.ts';
import { memberOf } from '../auth/caller.ts';
import type { Member } from '../auth/caller.ts';
import type { App, Service } from '../service.ts';
import { findOfLot, registerDevice } from '../store/devices.ts';
import { findLot } from '../store/lots.ts';
import type { Change, Reader } from '../store/store.ts';
import { maySend } from '../uploads/require-upload.ts';

const closed = { additionalProperties: false } as const;
/** Each is some statements of one transaction. */
const MOST_DEVICES = 100;
const LONGEST_TEXT = 1_024;

const text = Type.String({ maxLength: LONGEST_TEXT });
const NewDevices = Type.Object(
  {
    provisioning: Type.Enum(['planned', 'verified']),
    devices: Type.Array(
      Type.Object(
        {
          index: Type.Integer({ minimum: 0 }),
          serial: text,
          endpointKey: Type.String({ maxLength: 64 }),
          model: Type.Optional(text),
          hardwareId: Type.Optional(text),
          claimDigest: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
          attributes: Type.Optional(
            Type.Record(Type.String({ maxLength: 64 }), text, { maxProperties: 64 }),
          ),
        },
        closed,
      ),
      { minItems: 1, maxItems: MOST_DEVICES },
    ),
  },
  closed,
);
const Outcomes = Type.Object(
  {
    outcomes: Type.Array(
      Type.Object(
        {
          outcome: Type.Enum(['created', 'unchanged', 'conflict', 'invalid']),
          reason: Type.Optional(Type.String()),
        },
        closed,
      ),
      { description: 'In the order of the devices.' },
    ),
  },
  closed,
);
const Asked = Type.Object(
  {
    endpointKeys: Type.String({
      maxLength: MOST_DEVICES * 64,
      description: `ek_…,ek_…: ${MOST_DEVICES} at most.`,
    }),
  },
  closed,
);
const Found = Type.Object(
  {
    devices: Type.Array(
      Type.Object(
        {
          id: Type.String(),
          serial: Type.String(),
          endpointKey: Type.String(),
          provisioning: Type.String(),
        },
        closed,
      ),
    ),
  },
  closed,
);
const Id = Type.Object({ id: Type.String({ maxLength: 64 }) }, closed);

/** Single devices of a lot, as a station registers them as it goes; a later upload finds them `unchanged`. */
export function lotDeviceRoutes(app: App, { store }: Service): void {
  const config = { access: 'devices:register' } as const;
  const tags = ['lots'];
  const url = '/v1/lots/:id/devices';
  app.post(
    url,
    { config, schema: { tags, params: Id, body: NewDevices, response: { 200: Outcomes } } },
    (request, reply) =>
      app.repeatable.answer(request, reply, async (change) => {
        const member = memberOf(request);
        const lot = await requireLot(change.db, member, request.params.id);
        const { provisioning, devices } = request.body;
        const outcomes: Static<typeof Outcomes>['outcomes'] = [];
        for (const { index, attributes, ...rest } of devices) {
          const row = { ...rest, lotIndex: index };
          outcomes.push(
            await register(change, { member, lot, provisioning }, { ...row, texts: attributes }),
          );
        }
        return { status: 200, body: { outcomes } };
      }),
  );
  app.get(
    url,
    { config, schema: { tags, params: Id, querystring: Asked, response: { 200: Found } } },
    async (request) => {
      const { provisioningKey } = await requireLot(
        store.reader,
        memberOf(request),
        request.params.id,
      );
      const endpointKeys = request.query.endpointKeys.split(',').slice(0, MOST_DEVICES);
      const { accountId } = memberOf(request);
      const where = { accountId, lotId: request.params.id, provisioningKey };
      return { devices: await findOfLot(store.reader, where, endpointKeys) };
    },
  );
}

async function register(
  change: Change,
  of: {
    readonly member: Member;
    readonly lot: Lot;
    readonly provisioning: 'planned' | 'verified';
  },
  { texts, ...row }: DeviceRow & { readonly texts: Readonly<Record<string, string>> | undefined },
): Promise<{ outcome: 'created' | 'unchanged' | 'conflict' | 'invalid'; reason?: RowProblem }> {
  const { member, lot, provisioning } = of;
  const reason = rowProblem(lot, row);
  if (reason !== undefined) return { outcome: 'invalid', reason };
  const { lotId, provisioningKey, scheme } = lot;
  const { outcome } = await registerDevice(change, {
    ...{ ...row, attributes: texts, accountId: member.accountId },
    ...{ lotId, provisioningKey, scheme, provisioning },
  });
  return { outcome };
}

/** The account's lot that the member may register devices of. Throws `object-unknown`. */
async function requireLot(db: Reader, member: Member, id: string): Promise<Lot> {
  const lot = await findLot(db, member.accountId, id);
  if (lot && (await maySend(db, member, id))) return await openLotDescriptor(lot.descriptor);
  throw new KeylineError('object-unknown', { message: 'there is no such lot' });
}
