import { Type } from 'typebox';
import type { Static } from 'typebox';
import { openLotDescriptor } from '../../seals/lot-descriptor.ts';
import { memberOf } from '../auth/caller.ts';
import type { App } from '../service.ts';
import { enterLot } from '../store/lots.ts';
import type { RegisteredLot } from '../store/lots.ts';

const closed = { additionalProperties: false } as const;

const NewLot = Type.Object(
  { descriptor: Type.String({ maxLength: 256 * 1024, description: 'JWS, `keyline-lot+jws`.' }) },
  closed,
);
const LotView = Type.Object(
  {
    id: Type.String(),
    provisioningKey: Type.String(),
    code: Type.String(),
    model: Type.Optional(Type.String()),
    scheme: Type.String(),
    units: Type.Integer({ description: 'Spare ones too.' }),
    createdAt: Type.String(),
  },
  closed,
);

/** Lots, each by its sealed descriptor, under a key that the account holds. */
export function lotRoutes(app: App): void {
  app.post(
    '/v1/lots',
    {
      config: { access: 'lots:manage' },
      schema: { tags: ['lots'], body: NewLot, response: { 200: LotView, 201: LotView } },
    },
    (request, reply) =>
      app.repeatable.answer(request, reply, async (change) => {
        const { accountId } = memberOf(request);
        const { descriptor } = request.body;
        const lot = await openLotDescriptor(descriptor);
        const entered = await enterLot(change, accountId, { lot, descriptor });
        return { status: entered.isNew ? 201 : 200, body: toLotView(entered.lot) };
      }),
  );
}

function toLotView(lot: RegisteredLot): Static<typeof LotView> {
  const { id, provisioningKey, code, model, scheme, units, createdAt } = lot;
  const given = { ...(model !== null && { model }) };
  return { id, provisioningKey, code, ...given, scheme, units, createdAt };
}
