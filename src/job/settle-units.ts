import type { Home } from '../home/home.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openLedger } from '../ledger/open-ledger.ts';
import { REWORK_CODE } from '../model/failure.ts';
import { eventText } from '../model/ledger-event.ts';
import type { EventContext } from '../model/ledger-event.ts';
import type { Lot } from '../model/lot.ts';
import { unitSerial } from '../model/serial-template.ts';
import { admitSpares } from './admit-spares.ts';
import { openStation } from './open-station.ts';
import { settlementOf } from './plan-settlement.ts';
import type { SettledUnit, SettlePlan } from './plan-settlement.ts';

/**
 * Puts the plan on record, unit by unit; each is settled whatever becomes of the next. A unit that has
 * moved on since it was planned is judged anew. Throws as `planSettlement` does, and what the station
 * and its ledger throw.
 */
export async function settleUnits(
  home: Home,
  plan: SettlePlan,
  choices: {
    readonly reason: string;
    readonly operator?: string | undefined;
    readonly witness?: string | undefined;
  },
  effects: {
    readonly credentials: Credentials;
    readonly toolVersion: string;
    readonly clock?: Clock;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<readonly SettledUnit[]> {
  const { lot, action } = plan;
  const { operator, witness } = choices;
  const reason = requireReason(choices.reason);
  const { credentials, toolVersion, clock, signal } = effects;
  using station = await openStation(home, credentials);
  const options = { station, toolVersion, witness, create: false, ...(clock && { clock }) };
  await using ledger = await openLedger(plan.ledger, options);
  if (action === 'replace')
    await admitSpares(home, ledger, { plan, station: station.card.name, credentials, clock });
  const context = { ...(operator !== undefined && { operator }) };
  const settled: SettledUnit[] = [];
  for (const planned of plan.units) {
    throwIfAborted(signal);
    const record = ledger.unit(lot.lotId, planned.index);
    // What a run that died had reserved is freed as the ledger is opened.
    const unit = record
      ? settlementOf(lot, action, record)
      : ({ ...planned, to: 'free', unchanged: true } as const);
    settled.push(unit.unchanged ? unit : await settle(ledger, { lot, unit, reason, context }));
  }
  return settled;
}

/** A reason as an event holds it. Throws `usage` for one that says nothing. */
export function requireReason(text: string): string {
  const reason = eventText(text);
  if (reason !== '') return reason;
  throw new KeylineError('usage', { message: 'a reason is needed, and this one is empty' });
}

async function settle(
  ledger: Ledger,
  by: {
    readonly lot: Lot;
    readonly unit: SettledUnit;
    readonly reason: string;
    readonly context: EventContext;
  },
): Promise<SettledUnit> {
  const { lot, unit, reason, context } = by;
  const { index, hardwareId, to } = unit;
  const place = { lotId: lot.lotId, index, hardwareId, ...context };
  switch (to) {
    case 'failed':
      await ledger.record({ type: 'failed', ...place, code: REWORK_CODE, reason });
      return unit;
    case 'free':
      await ledger.record({ type: 'released', ...place, reason });
      return unit;
    case 'scrapped':
      await ledger.record({ type: 'scrapped', ...place, reason });
      return unit;
    default: {
      const fresh = await ledger.replace({ lotId: lot.lotId, index }, { ...context, reason });
      const replacedBySerial = unitSerial(lot, fresh.index);
      return { ...unit, replacedBy: fresh.index, replacedBySerial };
    }
  }
}
