import { randomBytes } from 'node:crypto';
import { toHex } from '../kernel/bytes.ts';
import { canonicalJson } from '../kernel/canonical-json.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import { eventText, isLedgerEvent } from '../model/ledger-event.ts';
import type { LedgerEvent, NewEvent } from '../model/ledger-event.ts';
import { chainHash } from './chain.ts';
import type { LedgerEntry } from './chain.ts';
import type { LedgerStation } from './ledger.ts';

/** Checks an event's shape, gives it its place in the chain and lends both to `insert`. Throws `ledger-event-invalid`. */
export function writeEvent(
  event: LedgerEvent,
  previous: Uint8Array,
  insert: (body: string, hash: Uint8Array) => void,
): LedgerEntry {
  const body = canonicalJson(event);
  const stored: unknown = JSON.parse(body);
  // Masked text is the same text: no field may hold what looks like a secret.
  if (!isLedgerEvent(stored) || eventText(body, body.length) !== body) {
    throw new KeylineError('ledger-event-invalid', {
      message: `an event of type ${event.type} is not of its shape`,
      facts: { type: event.type },
    });
  }
  const hash = chainHash(previous, body);
  insert(body, hash);
  return { event: stored, hash: toHex(hash) };
}

/** A new ledger's first event. */
export function createdEvent(
  parts: {
    readonly station: LedgerStation;
    readonly toolVersion: string;
    readonly clock: Clock;
    readonly retired?: LedgerEvent<'created'>['retired'];
  },
  machineId: string,
): LedgerEvent<'created'> {
  return {
    type: 'created',
    seq: 1,
    at: parts.clock.now().toISOString(),
    station: parts.station.card.name,
    toolVersion: parts.toolVersion,
    stationKey: parts.station.card.stationKey,
    machineId,
    epoch: randomBytes(16).toString('hex'),
    ...(parts.retired && { retired: parts.retired }),
  };
}

/** Texts that came from a device or a person, as an event may hold them. */
export function cleaned(event: NewEvent): NewEvent {
  return {
    ...event,
    ...('reason' in event && { reason: eventText(event.reason) || 'no reason given' }),
    ...('evidence' in event && {
      evidence: { ...event.evidence, detail: eventText(event.evidence.detail) },
    }),
    ...('captures' in event && { captures: cleanCaptures(event.captures) }),
  };
}

/** Captured values, masked and at most 256 characters each. */
export function cleanCaptures(captures: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(captures).map(([name, value]) => [name, eventText(value, 256)]);
  return Object.fromEntries(entries) as Record<string, string>;
}
