import { Type } from 'typebox';
import type { Static, TSchema } from 'typebox';
import { ITEM_STATES, TRANSFER_STATES } from '../../model/transfer-state.ts';
import type { Reader } from '../store/store.ts';
import { countItems, pendingDecision } from '../store/transfer-decision.ts';
import type { TransferItem } from '../store/transfer-items.ts';
import { countRows } from '../store/transfers.ts';
import type { Transfer } from '../store/transfers.ts';
import { DEVICE_FILTERS, UnitIndex } from './fleet-views.ts';

const closed = { additionalProperties: false } as const;
const Count = Type.Integer({ minimum: 0 });
const DeviceId = Type.String({ pattern: '^dv_[0-9a-hjkmnp-tv-z]{26}$' });
const EndpointKey = Type.String({ pattern: '^ek_[0-9a-hjkmnp-tv-z]{26}$' });
const Reason = Type.String({ minLength: 1, maxLength: 256 });
const Decision = Type.Enum(['accept', 'refuse']);

/** Devices that one request lists, at most. */
export const MOST_LISTED = 100_000;
const listOf = <Item extends TSchema>(item: Item) =>
  Type.Array(item, { minItems: 1, maxItems: MOST_LISTED });

/** A transfer in a list. */
export const TransferView = Type.Object(
  {
    id: Type.String(),
    source: Type.String({ description: 'Handle.' }),
    destination: Type.String({ description: 'Handle.' }),
    state: Type.Enum([...TRANSFER_STATES]),
    items: Count,
    decidedBy: Type.Optional(Type.Literal('standing-approval')),
    note: Type.Optional(Type.String()),
    expiresAt: Type.String(),
    createdAt: Type.String(),
  },
  closed,
);

/** One transfer, with how many items are in each state. */
export const CountedTransfer = Type.Object(
  {
    ...TransferView.properties,
    counts: Type.Object(
      {
        ...{ offered: Count, accepted: Count, refused: Count },
        ...{ withdrawn: Count, expired: Count },
      },
      closed,
    ),
    pending: Type.Optional(
      Type.Integer({
        description: 'While a decision is carried out: items of `counts` that it has yet to reach.',
      }),
    ),
    leftOut: Type.Optional(
      Type.Integer({
        description: 'Devices of the lot, range or query that cannot be offered now.',
      }),
    ),
  },
  closed,
);

/** One device of a transfer. */
export const ItemView = Type.Object(
  {
    deviceId: Type.String(),
    serial: Type.String(),
    endpointKey: Type.Optional(Type.String()),
    model: Type.Optional(Type.String()),
    state: Type.Enum([...ITEM_STATES]),
    reason: Type.Optional(Type.String()),
    decidedAt: Type.Optional(Type.String()),
  },
  closed,
);

/** What a source asks for: 100,000 ids are 3 MB. */
export const NewTransferBody = Type.Object(
  {
    to: Type.String({ minLength: 3, maxLength: 40, description: 'Handle of the destination.' }),
    devices: Type.Union([
      Type.Object(
        {
          ids: Type.Optional(listOf(DeviceId)),
          serials: Type.Optional(listOf(Type.String({ minLength: 1, maxLength: 128 }))),
          endpointKeys: Type.Optional(listOf(EndpointKey)),
        },
        { ...closed, minProperties: 1, description: `Together ${MOST_LISTED} at most.` },
      ),
      Type.Object(
        {
          lotId: Type.String({ maxLength: 64 }),
          first: Type.Optional(UnitIndex),
          last: Type.Optional(UnitIndex),
        },
        closed,
      ),
      Type.Object(
        {
          query: Type.Object(DEVICE_FILTERS, {
            ...{ ...closed, minProperties: 1 },
            description: 'As of GET /v1/devices; the devices that fit now.',
          }),
        },
        closed,
      ),
    ]),
    includePlanned: Type.Optional(Type.Boolean()),
    note: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    expiresIn: Type.Optional(
      Type.Integer({ minimum: 60, maximum: 31_536_000, description: 'Seconds; 30 days.' }),
    ),
  },
  closed,
);

/** What a destination says: of all that is offered, or item by item. */
export const DecisionBody = Type.Union([
  Type.Object(
    {
      default: Decision,
      except: Type.Optional(Type.Array(DeviceId, { maxItems: 1_000, uniqueItems: true })),
      reason: Type.Optional(Reason),
    },
    closed,
  ),
  Type.Object(
    {
      items: Type.Array(
        Type.Object(
          { deviceId: DeviceId, decision: Decision, reason: Type.Optional(Reason) },
          closed,
        ),
        { minItems: 1, maxItems: 1_000 },
      ),
    },
    closed,
  ),
]);

/** What a source takes back: all that is still offered, or these. */
export const WithdrawalBody = Type.Object(
  {
    devices: Type.Optional(
      Type.Array(DeviceId, { minItems: 1, maxItems: 1_000, uniqueItems: true }),
    ),
  },
  closed,
);

/** The transfers as they are shown, with the handles of both sides. */
export async function toTransferViews(
  db: Reader,
  transfers: readonly Transfer[],
): Promise<Static<typeof TransferView>[]> {
  if (transfers.length === 0) return [];
  const ids = transfers.flatMap((row) => [row.sourceAccountId, row.destinationAccountId]);
  const accounts = await db
    .selectFrom('accounts')
    .select(['id', 'handle'])
    .where('id', 'in', [...new Set(ids)])
    .execute();
  const handles = new Map(accounts.map(({ id, handle }) => [id, handle]));
  return transfers.map(({ id, state, items, note, expiresAt, createdAt, ...row }) => ({
    ...{ id, state, items, expiresAt, createdAt },
    source: handles.get(row.sourceAccountId) ?? '',
    destination: handles.get(row.destinationAccountId) ?? '',
    ...(row.isStanding === 1 && { decidedBy: 'standing-approval' as const }),
    ...(note !== null && { note }),
  }));
}

/** One transfer with its counts, as it is in this transaction or was committed. */
export async function toCountedTransfer(
  db: Reader,
  transfer: Transfer,
): Promise<Static<typeof CountedTransfer>> {
  const [view] = await toTransferViews(db, [transfer]);
  if (!view) throw new Error('a transfer has no view');
  const counts = await countItems(db, transfer);
  if (!pendingDecision(transfer)) return { ...view, counts };
  return { ...view, counts, pending: (await countRows(db, transfer.id)).offered };
}

/** One item as it is shown. */
export function toItemView(item: TransferItem): Static<typeof ItemView> {
  const { deviceId, serial, state, endpointKey, model, reason, decidedAt } = item;
  return {
    ...{ deviceId, serial, state },
    ...(endpointKey !== null && { endpointKey }),
    ...(model !== null && { model }),
    ...(reason !== null && { reason }),
    ...(decidedAt !== null && { decidedAt }),
  };
}
