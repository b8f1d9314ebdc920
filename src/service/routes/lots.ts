import { Type } from 'typebox';
import type { Static } from 'typebox';
import { openLotDescriptor } from '../../seals/lot-descriptor.ts';
import { memberOf, stationOf } from '../auth/caller.ts';
import { PAGE_QUERY, pageOf, readPage, sendPage } from '../http/page.ts';
import type { App, Service } from '../service.ts';
import { enterLot, listLots } from '../store/lots.ts';
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

const Code = Type.Optional(Type.String({ minLength: 1, maxLength: 64 }));

/** Lots, each by its sealed descriptor, under a key that the account holds. */
export function lotRoutes(app: App, { store, masterKey }: Service): void {
  app.get(
    '/v1/lots',
    {
      config: { access: 'lots:read' },
      schema: {
        tags: ['lots'],
        querystring: Type.Object({ ...PAGE_QUERY, code: Code }, closed),
        response: { 200: pageOf(LotView) },
      },
    },
    async (request, reply) => {
      const { code } = request.query;
      // As of what it may register: a station sees what it was given.
      const station = stationOf(memberOf(request), 'lots:read');
      const scope = { accountId: memberOf(request).accountId, filters: { code } };
      const { limit, after } = readPage(masterKey, request, scope);
      const asked = { limit: limit + 1, after: after?.[0] as string | undefined, code, station };
      const rows = await listLots(store.reader, scope.accountId, asked);
      const page = sendPage({ masterKey, request, reply, scope }, { limit, rows }, ({ id }) => [
        id,
      ]);
      return { ...page, items: page.items.map(toLotView) };
    },
  );
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
