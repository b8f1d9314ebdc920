import { Type } from 'typebox';
import { memberOf } from '../auth/caller.ts';
import { digestClientSecret, newClientSecret } from '../auth/secret-digest.ts';
import type { App, Service } from '../service.ts';
import { createPrincipal, rotateSecret } from '../store/principals.ts';
import { setStationLots } from '../store/station-lots.ts';
import {
  LotList,
  MemberParams,
  memberRoutes,
  needOwnMember,
  PersonName,
  requireGrant,
  RoleList,
} from './members.ts';

const closed = { additionalProperties: false } as const;

const NewSystemAccount = Type.Object(
  { name: PersonName, roles: RoleList, lots: Type.Optional(LotList) },
  closed,
);
const Credentials = Type.Object({ clientId: Type.String(), clientSecret: Type.String() }, closed);

/** The machines of an account: stations, CI, servers, brokers; each secret is shown once. */
export function systemAccountRoutes(app: App, service: Service): void {
  const config = { access: 'stations:manage' } as const;
  const tags = ['system accounts'];
  const of = { kind: 'system', path: '/v1/system-accounts', tag: 'system accounts' } as const;
  memberRoutes(app, service, { ...of, read: config.access, manage: config.access });
  app.post(
    '/v1/system-accounts',
    { config, schema: { tags, body: NewSystemAccount, response: { 201: Credentials } } },
    (request, reply) =>
      app.repeatable.answer(request, reply, async (change) => {
        const caller = memberOf(request);
        const { accountId } = caller;
        const { name, roles, lots } = request.body;
        requireGrant(caller, roles);
        const clientSecret = newClientSecret();
        const secretDigest = digestClientSecret(clientSecret);
        const wanted = { kind: 'system', accountId, name, roles, secretDigest } as const;
        const { id: clientId } = await createPrincipal(change, wanted);
        const place = { accountId, principalId: clientId, roles };
        if (lots) await setStationLots(change, place, lots);
        const headers = { location: `/v1/system-accounts/${clientId}` };
        return { status: 201, body: { clientId, clientSecret }, headers, isSecret: true };
      }),
  );
  app.post(
    '/v1/system-accounts/:id/rotate',
    {
      config,
      schema: {
        tags,
        description: 'Another secret; the old one and its tokens end at once.',
        params: MemberParams,
        response: { 200: Credentials },
      },
    },
    (request, reply) =>
      app.repeatable.answer(request, reply, async (change) => {
        const caller = memberOf(request);
        const { id } = request.params;
        await needOwnMember(change, caller, { id, kind: 'system' });
        const clientSecret = newClientSecret();
        const place = { id, accountId: caller.accountId };
        await rotateSecret(change, place, digestClientSecret(clientSecret));
        return { status: 200, body: { clientId: id, clientSecret }, isSecret: true };
      }),
  );
}
