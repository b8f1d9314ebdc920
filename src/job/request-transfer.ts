import { systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import { parseDate } from '../model/dates.ts';
import { rangeEnd } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import type { DeviceFilter } from '../model/device-filter.ts';
import type { CountedTransfer, RegistryTransfers, TransferWish } from '../registry/transfers.ts';
import { readDevices } from './device-list.ts';
import { lotOfRegistry } from './lot-of-registry.ts';
import type { LotSources } from './lot-of-registry.ts';

/** What devices are like. */
export type DeviceTraits = Omit<DeviceFilter, 'lotId' | 'first' | 'last'>;

/** Which devices a person offers: a lot or a part of it, those that are alike, or devices one by one. */
export interface OfferedChoice {
  /** Code or id. */
  readonly lot?: string | undefined;
  readonly range?: Range | undefined;
  /** Sources as `readDevices` takes them. */
  readonly devices: readonly string[];
  /** What the devices are like, of the lot or of all; of no use with `devices`. */
  readonly traits?: DeviceTraits;
}

/** A transfer as a person asks for it. */
export interface TransferRequest extends Omit<TransferWish, 'devices'> {
  readonly offered: OfferedChoice;
}

/** How many devices one transfer lists at most; a lot or a range may have more. */
const MOST_LISTED = 100_000;
const UNIT_SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

/**
 * Offers devices to another account. Throws `usage`, `device-list-invalid`, `not-found` for a lot's code
 * that is known neither here nor there, `object-unknown`, `state-conflict`.
 */
export async function requestTransfer(
  transfers: RegistryTransfers,
  { offered, ...wish }: TransferRequest,
  context: LotSources & { readonly signal?: AbortSignal },
): Promise<CountedTransfer> {
  const devices = await offeredDevices(offered, context);
  return await transfers.request({ ...wish, devices });
}

/**
 * Seconds from now until a day or second in UTC ends, or those of a span such as `90m`, `12h`, `14d`. Throws
 * `usage`, also for less than a minute and more than a year.
 */
export function secondsUntil(text: string, clock: Clock = systemClock): number {
  const [, count = '', unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (unit === '' && !/^\d{4}-/.test(text)) throw notATime(text);
  const seconds =
    unit === ''
      ? Math.floor((Date.parse(parseDate(text, 'last second')) - clock.now().getTime()) / 1_000)
      : Number(count) * (UNIT_SECONDS[unit] ?? 0);
  if (seconds >= 60 && seconds <= 365 * 86_400) return seconds;
  throw usage('an offer stands for a minute at least, and for a year at most');
}

async function offeredDevices(
  { lot, range, devices: sources, traits = {} }: OfferedChoice,
  context: LotSources & { readonly signal?: AbortSignal },
): Promise<TransferWish['devices']> {
  const isQuery = Object.values(traits).some((value) => value !== undefined);
  if ((lot !== undefined || isQuery) === sources.length > 0) {
    throw usage(
      sources.length === 0
        ? 'nothing says what is offered: name a lot, what the devices are like, or --devices'
        : 'both a list of devices and a lot, or what they are like, say what is offered: give one of them',
    );
  }
  if (range && lot === undefined) throw usage('--range is for a lot');
  if (sources.length === 0) {
    const lotId = lot === undefined ? undefined : await lotOfRegistry(context, lot);
    const ofLot = { lotId, ...(range && { first: range.from, last: rangeEnd(range) - 1 }) };
    if (isQuery || lotId === undefined) return { query: { ...ofLot, ...traits } };
    return { ...ofLot, lotId };
  }
  const named = await readDevices(sources, context.signal);
  if (named.length > MOST_LISTED) {
    throw usage(`${named.length} devices are listed, and one transfer takes ${MOST_LISTED}`);
  }
  const kinds = ['ids', 'serials', 'endpointKeys'] as const;
  const lists = kinds.map((kind) => {
    const names = named.filter((device) => device.kind === kind).map(({ name }) => name);
    return [kind, names] as const;
  });
  return Object.fromEntries(lists.filter(([, names]) => names.length > 0));
}

function notATime(text: string): KeylineError {
  return new KeylineError('usage', {
    message: `${JSON.stringify(text)} says no time at which the offer ends`,
    hint: 'Write a span, 90m, 12h or 14d, a day, 2026-03-01, or a second, 2026-03-01T08:00:00Z.',
  });
}

function usage(message: string): KeylineError {
  return new KeylineError('usage', { message });
}
