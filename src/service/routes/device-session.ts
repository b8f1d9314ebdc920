import { Type } from 'typebox';
import { unauthenticated } from '../auth/caller.ts';
import { findProved, readCredential } from '../auth/device-credential.ts';
import { isFreshNonce, makeNonce, NONCE_SECONDS } from '../auth/device-nonce.ts';
import { FailedTries } from '../auth/failed-tries.ts';
import { RequestInvalid } from '../http/problem.ts';
import type { App, Service } from '../service.ts';
import { openDeviceSession } from '../store/device-sessions.ts';

const closed = { additionalProperties: false } as const;

const Nonce = Type.Object(
  { nonce: Type.String(), expiresIn: Type.Integer({ description: 'Seconds.' }) },
  closed,
);
const Session = Type.Object(
  {
    accessToken: Type.String(),
    tokenType: Type.Literal('Bearer'),
    expiresIn: Type.Integer({ description: 'Seconds.' }),
  },
  closed,
);

/** How a device proves its credential and gets its session of an hour. */
export function deviceSessionRoutes(app: App, service: Service): void {
  const { store, masterKey, clock } = service;
  const tries = new FailedTries(clock);
  const config = { access: 'anyone' } as const;
  const tags = ['device'];
  app.get(
    '/v1/device/nonce',
    { config, schema: { tags, response: { 200: Nonce } } },
    (request) => ({
      nonce: makeNonce(masterKey, { at: clock.now(), address: request.ip }),
      expiresIn: NONCE_SECONDS,
    }),
  );
  app.post(
    '/v1/device/session',
    {
      config,
      schema: {
        tags,
        description:
          'Authorization: Basic with the endpoint key and secret, or Bearer with a JWS of the device.',
        response: { 200: Session },
      },
    },
    async (request) => {
      const presented = readCredential(request.headers.authorization ?? '');
      if (presented === undefined) {
        const detail = 'Basic with ek_… and es_…, or Bearer with the JWS of a device, is missing';
        throw new RequestInvalid([{ pointer: '/headers/authorization', code: 'missing', detail }]);
      }
      if (presented === null) throw unauthenticated();
      const { endpointKey, signed } = presented;
      tries.check(endpointKey, request.ip);
      const found = await findProved(store.reader, presented);
      const context = { at: clock.now(), address: request.ip };
      const isAnswer =
        !signed ||
        (signed.audience === service.publicUrl && isFreshNonce(masterKey, signed.nonce, context));
      if (!found || !isAnswer) {
        tries.add(endpointKey, request.ip);
        throw unauthenticated();
      }
      const origin = { actor: found.device.id, requestId: request.id };
      const issued = await store.change(origin, (change) =>
        openDeviceSession(change, found, signed?.nonce),
      );
      return {
        accessToken: issued.token,
        tokenType: 'Bearer' as const,
        expiresIn: issued.expiresInSeconds,
      };
    },
  );
}
