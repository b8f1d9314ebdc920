import { Type } from 'typebox';
import type { Static } from 'typebox';
import { KeylineError } from '../../kernel/errors.ts';
import { may } from '../../model/role.ts';
import { memberOf } from '../auth/caller.ts';
import type { Caller, Member } from '../auth/caller.ts';
import { sendEvents, WakeSignal } from '../http/stream.ts';
import type { App, Service } from '../service.ts';
import { currentEpoch } from '../store/epoch.ts';
import { eventsAfter, lastEvent } from '../store/feed.ts';
import type { FeedEvent } from '../store/feed.ts';
import { needFleetDevice } from '../store/fleet.ts';
import type { Store } from '../store/store.ts';

const closed = { additionalProperties: false } as const;

const Event = Type.Object(
  {
    id: Type.String({ description: 'Position: `<epoch>-<number>`; send the last one as `after`.' }),
    type: Type.String(),
    subject: Type.String(),
    at: Type.String(),
    data: Type.Record(Type.String(), Type.Unknown()),
  },
  closed,
);
const Events = Type.Object({ items: Type.Array(Event), next: Type.String() }, closed);
const Query = Type.Object(
  {
    after: Type.Optional(Type.String({ pattern: '^(?:0|[0-9a-z]{16}-(?:0|[1-9][0-9]{0,14}))$' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  },
  closed,
);

const DEFAULT_LIMIT = 100;

/** The account's feed: ordered, without gaps, each event at least once; as a page or as a stream. */
export function eventRoutes(app: App, service: Service): void {
  app.get(
    '/v1/events',
    {
      config: { access: 'events:read' },
      schema: {
        tags: ['events'],
        description:
          'With `Accept: text/event-stream` a stream that goes on; Last-Event-ID is `after`.',
        querystring: Query,
        response: { 200: Events },
      },
    },
    async (request, reply) => {
      const member = memberOf(request);
      const { limit = DEFAULT_LIMIT } = request.query;
      const lastId = request.headers['last-event-id'];
      const asked = typeof lastId === 'string' ? lastId : (request.query.after ?? '0');
      const position = await positionOf(service.store, member.accountId, asked);
      if (request.headers.accept?.includes('text/event-stream')) {
        await stream({ service, member, position }, () => app.authenticate(request), reply);
        return reply;
      }
      return await pageAfter(service.store, member.accountId, { position, limit });
    },
  );
  app.get(
    '/v1/devices/:id/events',
    {
      config: { access: 'events:read' },
      schema: {
        tags: ['fleet'],
        description: 'What the account’s feed says of one device: not what bulk work did to many.',
        params: Type.Object({ id: Type.String({ maxLength: 128 }) }, closed),
        querystring: Query,
        response: { 200: Events },
      },
    },
    async (request) => {
      const { accountId } = memberOf(request);
      const { limit = DEFAULT_LIMIT, after: asked = '0' } = request.query;
      const device = await needFleetDevice(service.store.reader, accountId, request.params.id);
      const position = await positionOf(service.store, accountId, asked);
      return await pageAfter(service.store, accountId, { position, limit, subject: device.id });
    },
  );
}

async function pageAfter(
  { reader }: Store,
  accountId: string,
  asked: { readonly position: Position; readonly limit: number; readonly subject?: string },
): Promise<Static<typeof Events>> {
  const { epoch, after } = asked.position;
  const events = await eventsAfter(reader, accountId, { ...asked, after });
  const next = events.at(-1)?.seq ?? after;
  return { items: events.map((event) => toItem(event, epoch)), next: idOf(next, epoch) };
}

interface Position {
  readonly epoch: string;
  readonly after: number;
}

/** Throws `cursor-gone` for a place in another history, or ahead of this one. */
async function positionOf(store: Store, accountId: string, asked: string): Promise<Position> {
  const epoch = await currentEpoch(store.reader);
  if (asked === '0') return { epoch, after: 0 };
  const [askedEpoch, number = ''] = asked.split('-');
  const after = Number(number);
  const isOurs = epoch === askedEpoch && Number.isSafeInteger(after);
  if (isOurs && after <= (await lastEvent(store.reader, accountId))) return { epoch, after };
  throw new KeylineError('cursor-gone', { message: 'this position is of another history' });
}

/**
 * Ends within a moment of the token: whoever is disabled or rotated is woken by its own id. It ends with its
 * history too: who comes back with the last id is told.
 */
async function stream(
  { service, member, position }: { service: Service; member: Member; position: Position },
  authenticate: () => Promise<Caller | undefined>,
  reply: Parameters<typeof sendEvents>[0],
): Promise<void> {
  const { store } = service;
  using woken = new WakeSignal(store, [member.accountId, member.principalId]);
  const { epoch } = position;
  let { after } = position;
  await sendEvents(reply, service, {
    async next() {
      const caller = await authenticate();
      if (!caller || caller.kind === 'device' || !may(caller, 'events:read')) return 'end';
      if ((await currentEpoch(store.reader)) !== epoch) return 'end';
      const limit = 500;
      const events = await eventsAfter(store.reader, member.accountId, { after, limit });
      after = events.at(-1)?.seq ?? after;
      return events.map((event) => {
        const { id, type, ...data } = toItem(event, epoch);
        return { id, event: type, data: { id, type, ...data } };
      });
    },
    wait: (signal, timeoutMs) => woken.wait(signal, timeoutMs),
  });
}

function toItem({ seq, ...event }: FeedEvent, epoch: string): Static<typeof Event> {
  return { id: idOf(seq, epoch), ...event };
}

function idOf(seq: number, epoch: string): string {
  return `${epoch}-${seq}`;
}
