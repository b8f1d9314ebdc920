import { LotDrafts } from '../home/lot-drafts.ts';
import type { Home } from '../home/home.ts';
import { LotStore } from '../home/lot-store.ts';
import { KeylineError } from '../kernel/errors.ts';
import { lotEnd } from '../model/lot.ts';
import type { Lot } from '../model/lot.ts';
import { serialsMeet } from '../model/serial-overlap.ts';
import type { SerialRange } from '../model/serial-overlap.ts';
import { parseSerialTemplate, unitSerial } from '../model/serial-template.ts';

/** The serials of a lot, its spare range included. */
export function serialRangeOf(lot: Lot): SerialRange {
  return {
    template: parseSerialTemplate(lot.serialTemplate),
    first: lot.firstNumber,
    count: lotEnd(lot),
  };
}

/**
 * Throws `serials-meet` when another lot of this home under the same key would give one of this
 * lot's serials, and `already-exists` for a code that is taken. Lots that wait for a certificate
 * count; closed lots count too, as their units are in the field.
 */
export async function refuseConflicts(home: Home, lot: Lot): Promise<void> {
  const { lots } = await new LotStore(home).list();
  const drafts = await new LotDrafts(home).list();
  const others = [...lots.map((stored) => stored.lot), ...drafts].filter(
    (other) => other.lotId !== lot.lotId,
  );
  const sameCode = others.find((other) => other.code === lot.code);
  if (sameCode) {
    throw new KeylineError('already-exists', {
      message: `there is a lot ${JSON.stringify(lot.code)} already`,
      hint: 'Choose another code.',
      facts: { code: lot.code, lotId: sameCode.lotId },
    });
  }
  const serials = serialRangeOf(lot);
  const met = others.find(
    (other) =>
      other.provisioningKey === lot.provisioningKey && serialsMeet(serialRangeOf(other), serials),
  );
  if (!met) return;
  throw new KeylineError('serials-meet', {
    message: `a serial of lot ${met.code} (${unitSerial(met, 0)} … ${unitSerial(met, lotEnd(met) - 1)}) would be given again`,
    facts: { lotId: met.lotId, code: met.code, template: met.serialTemplate },
  });
}
