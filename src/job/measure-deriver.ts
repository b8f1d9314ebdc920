import { chooseDeriver } from '../derive/choose.ts';
import type { Scheme } from '../model/lot.ts';
import { Meter } from './meter.ts';
import type { MeterLimits } from './meter.ts';
import type { OpenLot } from './open-lot.ts';

/** What one thread is to measure; goes to a worker as it is. */
export interface DeriverOrder {
  readonly scheme: Scheme;
  readonly seconds: number;
  readonly count: number;
}

/** Units per second, derived one by one without any text, in this thread. */
export async function measureDeriver(
  lot: OpenLot,
  limits: MeterLimits & { readonly count: number },
): Promise<number> {
  const needs = { certificate: lot.lot.scheme === 'x509-p256' };
  const meter = new Meter(limits);
  const range = { from: 0, count: limits.count };
  for await (const lent of chooseDeriver().derive(lot, range, { needs })) {
    using batch = lent;
    for (let position = 0; position < batch.count; position++) batch.unit(position);
    if (meter.isOver(batch.count)) break;
  }
  return meter.perSecond;
}
