import type { DeviceFilter } from '../model/device-filter.ts';
import type { EscrowCounts } from '../model/escrow.ts';
import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import { getJson, getVersioned, pagesOf, postJson, withQuery } from './http-calls.ts';
import type { QueryValues } from './http-calls.ts';
import { pause, send } from './http-client.ts';
import type { HttpSession } from './http-client.ts';
import type {
  EscrowMove,
  EventFilter,
  FleetDevice,
  FleetDeviceDetails,
  FleetMove,
  Most,
  RegistryEvent,
  RegistryFleet,
  RegistryLot,
} from './fleet.ts';
import { sentEvents } from './sent-events.ts';

const DEVICES = '/v1/devices';
const ESCROW = '/v1/escrow';
const EVENT_PAGE = 1_000;
/** A device checks in while its state is decided on. */
const MOST_TRIES = 6;
const PAUSE_MS = 1_000;

/** An account's devices by keyline's own HTTP interface. */
export class HttpFleet implements RegistryFleet {
  readonly #session: HttpSession;

  constructor(session: HttpSession) {
    this.#session = session;
  }

  list(filter: DeviceFilter & Most): AsyncIterable<readonly FleetDevice[]> {
    return pagesOf(this.#session, DEVICES, { ...filter });
  }

  show(device: string): Promise<FleetDeviceDetails> {
    return getJson(this.#session, pathOf(DEVICES, device));
  }

  lots(code: string): AsyncIterable<readonly RegistryLot[]> {
    return pagesOf(this.#session, '/v1/lots', { code });
  }

  move(device: string, move: FleetMove): Promise<FleetDevice> {
    return this.#move(pathOf(DEVICES, device), DEVICES, move);
  }

  listEscrow(filter: DeviceFilter & Most): AsyncIterable<readonly FleetDevice[]> {
    return pagesOf(this.#session, ESCROW, escrowQuery(filter));
  }

  countEscrow(filter: DeviceFilter): Promise<EscrowCounts> {
    return getJson(this.#session, withQuery(`${ESCROW}/counts`, escrowQuery(filter)));
  }

  showEscrow(device: string): Promise<FleetDevice> {
    return getJson(this.#session, pathOf(ESCROW, device));
  }

  moveEscrow(device: string, move: EscrowMove): Promise<FleetDevice> {
    return this.#move(pathOf(ESCROW, device), ESCROW, move);
  }

  async *events({ after = '0', device }: EventFilter): AsyncIterable<readonly RegistryEvent[]> {
    const path = device === undefined ? '/v1/events' : `${pathOf(DEVICES, device)}/events`;
    for (let from = after; ;) {
      const page = await getJson<{
        readonly items: readonly RegistryEvent[];
        readonly next: string;
      }>(this.#session, withQuery(path, { after: from, limit: EVENT_PAGE }));
      yield page.items;
      if (page.items.length < EVENT_PAGE) return;
      from = page.next;
    }
  }

  async *followEvents(after: string): AsyncIterable<RegistryEvent> {
    const { signal } = this.#session;
    for (let last = after; ;) {
      const headers = { accept: 'text/event-stream', 'last-event-id': last };
      const response = await send(this.#session, { method: 'GET', path: '/v1/events', headers });
      let isFresh = false;
      for await (const text of sentEvents(response)) {
        const event = JSON.parse(text) as RegistryEvent;
        yield event;
        last = event.id;
        isFresh = true;
      }
      throwIfAborted(signal);
      // A stream ends with its server, its token or the request's time; the next one goes on.
      if (!isFresh) await pause(PAUSE_MS, signal);
    }
  }

  async #move(path: string, folder: string, move: string): Promise<FleetDevice> {
    for (let tries = 1; ; tries++) {
      const { body, version } = await getVersioned<FleetDevice>(this.#session, path);
      try {
        return await postJson(
          this.#session,
          `${pathOf(folder, body.id)}/${move}`,
          undefined,
          version,
        );
      } catch (error) {
        const isStale = error instanceof KeylineError && error.code === 'precondition-failed';
        if (!isStale || tries === MOST_TRIES) throw error;
      }
    }
  }
}

function pathOf(folder: string, name: string): string {
  return `${folder}/${encodeURIComponent(name)}`;
}

function escrowQuery({ escrow, ...filter }: DeviceFilter & Most): QueryValues & Most {
  return { ...filter, state: escrow };
}
