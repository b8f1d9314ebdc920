import { Type } from 'typebox';
import { KeylineError } from '../../kernel/errors.ts';
import { deviceOf } from '../auth/caller.ts';
import { readBearer } from '../auth/sessions.ts';
import { deliveryFor } from '../keys/configure-devices.ts';
import type { App, Service } from '../service.ts';
import { checkIn, lockDevice } from '../store/check-in.ts';
import { counter, DeviceState, Digest, stateOf } from './device-state.ts';
import { nextState, streamStates } from './device-wait.ts';

const closed = { additionalProperties: false } as const;

const CheckIn = Type.Object(
  {
    hardwareId: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    firmware: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    counter: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    config: Type.Optional(
      Type.Object(
        {
          step: counter(0),
          version: counter(1),
          digest: Digest,
          status: Type.Enum(['applied', 'refused']),
          unsigned: Type.Optional(Type.Boolean()),
        },
        closed,
      ),
    ),
  },
  closed,
);

const MOST_WAIT_SECONDS = 300;
const BODY_LIMIT = 64 * 1024;

/** What a device that has proved its credential says and asks. */
export function deviceRoutes(app: App, service: Service): void {
  const { store, masterKey } = service;
  const config = { access: 'device' } as const;
  const tags = ['device'];
  app.post(
    '/v1/device/checkin',
    {
      ...{ config, bodyLimit: BODY_LIMIT },
      schema: { tags, body: CheckIn, response: { 200: DeviceState } },
    },
    async (request) => {
      const { deviceId } = deviceOf(request);
      const origin = { actor: deviceId, requestId: request.id };
      const device = await store.change(origin, (change) =>
        checkIn(change, deviceId, request.body),
      );
      return await stateOf(service, device);
    },
  );
  app.get(
    '/v1/device/wait',
    {
      config,
      schema: {
        tags,
        description: 'Ends as soon as something changes; `Accept: text/event-stream` streams.',
        querystring: Type.Object(
          { seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: MOST_WAIT_SECONDS })) },
          closed,
        ),
        response: { 200: DeviceState },
      },
    },
    async (request, reply) => {
      const { deviceId, accountId } = deviceOf(request);
      const token = readBearer(request.headers.authorization) ?? '';
      const wait = { service, deviceId, accountId, token };
      if (request.headers.accept?.includes('text/event-stream')) {
        await streamStates(wait, reply);
        return reply;
      }
      const gone = new AbortController();
      request.raw.socket.once('close', () => {
        gone.abort();
      });
      const { seconds = MOST_WAIT_SECONDS } = request.query;
      return await nextState(wait, { seconds, signal: gone.signal });
    },
  );
  app.get(
    '/v1/device/configurations/:step/:version',
    {
      config,
      schema: {
        tags,
        params: Type.Object({ step: counter(0), version: counter(1) }, closed),
        description: 'application/cbor: manufacturer key, custody chain and signed configuration.',
        response: { 200: Type.Unsafe<Uint8Array>({ type: 'string', format: 'binary' }) },
      },
    },
    async (request, reply) => {
      const { deviceId } = deviceOf(request);
      const { step, version } = request.params;
      const origin = { actor: deviceId, requestId: request.id };
      const delivery = await store.change(origin, async (change) => {
        const device = await lockDevice(change, deviceId);
        if (device.custodyStep !== step) return undefined;
        return await deliveryFor(change, masterKey, { device, version });
      });
      if (!delivery) {
        throw new KeylineError('object-unknown', { message: 'there is no such configuration' });
      }
      return await reply.type('application/cbor').send(Buffer.from(delivery));
    },
  );
}
