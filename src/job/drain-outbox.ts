import { setImmediate as nextTurn } from 'node:timers/promises';
import { portableDeriver } from '../derive/portable-deriver.ts';
import { toHex } from '../kernel/bytes.ts';
import { throwIfAborted } from '../kernel/errors.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import type { DeviceRow } from '../model/device-row.ts';
import { claimDigest } from '../model/hierarchy.ts';
import { endpointKeyOf } from '../model/ids.ts';
import type { LedgerEvent } from '../model/ledger-event.ts';
import { unitSerial } from '../model/serial-template.ts';
import type { UnitRecord } from '../model/unit-record.ts';
import { isVerified } from '../model/unit-state.ts';
import type { RegistryDevices, RowResult } from '../registry/registry-devices.ts';
import type { RegisterCounts } from '../registry/sealed-uploads.ts';
import type { OpenLot } from './open-lot.ts';
import type { OutboxCursor } from './outbox-cursor.ts';
import { registerPage } from './register-page.ts';

/** What a registry is told of: a lot's units that passed, as the ledger has them. */
export interface OutboxParts {
  readonly ledger: LedgerReader;
  readonly open: Pick<OpenLot, 'lot' | 'secrets'>;
  readonly devices: RegistryDevices;
  readonly cursor: OutboxCursor;
}

/** What surrounds it. */
export interface DrainEffects {
  readonly signal?: AbortSignal | undefined;
  readonly onResult?: ((serial: string, result: RowResult) => void) | undefined;
}

/**
 * Tells the registry of every unit that passed since the cursor, page by page, and moves the cursor on
 * after each. What has failed or was scrapped since is left out. Cut short, the next call goes on, and
 * what it tells again is `unchanged`. Throws what the registry answers, `interrupted`.
 */
export async function drainOutbox(
  { ledger, open, devices, cursor }: OutboxParts,
  { signal, onResult }: DrainEffects = {},
): Promise<RegisterCounts> {
  const { lotId } = open.lot;
  const counts = { created: 0, unchanged: 0, conflict: 0, invalid: 0 };
  let page = new Map<number, UnitRecord>();
  let last = cursor.seq;
  const send = async (): Promise<void> => {
    const rows: DeviceRow[] = [];
    for (const unit of page.values()) rows.push(await rowOf(open, unit));
    page = new Map();
    if (rows.length > 0) {
      const of = { lotId, provisioning: 'verified', rows } as const;
      const results = await registerPage(devices, of, { signal });
      for (const [at, result] of results.entries()) {
        counts[result.outcome]++;
        onResult?.(rows[at]?.serial ?? '', result);
      }
    }
    await cursor.moveTo(last, ledger);
  };
  for await (const { event } of ledger.entries(cursor.seq + 1)) {
    throwIfAborted(signal);
    const unit = passedUnit(ledger, lotId, event);
    if (unit) page.set(unit.index, unit);
    last = event.seq;
    if (page.size === devices.rowsAtOnce) await send();
  }
  await send();
  return counts;
}

/** How many units passed since the cursor. */
export async function countWaiting({
  ledger,
  open,
  cursor,
}: Omit<OutboxParts, 'devices'>): Promise<number> {
  const waiting = new Set<number>();
  for await (const { event } of ledger.entries(cursor.seq + 1)) {
    const unit = passedUnit(ledger, open.lot.lotId, event);
    if (unit) waiting.add(unit.index);
  }
  return waiting.size;
}

/** The unit of an event by which it passed, where that still holds. */
function passedUnit(
  ledger: LedgerReader,
  lotId: string,
  event: LedgerEvent,
): UnitRecord | undefined {
  if (event.type !== 'done' && event.type !== 'imported') return undefined;
  if (event.lotId !== lotId) return undefined;
  const unit = ledger.unit(event.lotId, event.index);
  return unit && isVerified(unit.state) ? unit : undefined;
}

async function rowOf(
  open: OutboxParts['open'],
  { index, hardwareId, captures }: UnitRecord,
): Promise<DeviceRow> {
  const { lot } = open;
  // A slot that works meanwhile comes first.
  await nextTurn();
  const needs = { claimCode: true };
  for await (const batch of portableDeriver.derive(open, { from: index, count: 1 }, { needs })) {
    const { endpointKey, claimCode } = batch.unit(0);
    return {
      ...{ serial: unitSerial(lot, index), lotIndex: index, hardwareId },
      endpointKey: endpointKeyOf(endpointKey),
      ...(lot.model !== undefined && { model: lot.model }),
      ...(claimCode && { claimDigest: toHex(claimDigest(claimCode)) }),
      ...(captures && { attributes: JSON.stringify(captures) }),
    };
  }
  throw new Error('the deriver made no unit');
}
