import { portableDeriver } from '../derive/portable-deriver.ts';
import { DeviceFailure } from '../model/failure.ts';
import { claimUrl } from '../model/claim-url.ts';
import { toCrockford } from '../kernel/bytes.ts';
import { endpointKeyOf } from '../model/ids.ts';
import type { Lot } from '../model/lot.ts';
import { serialIndex, unitSerial } from '../model/serial-template.ts';
import type { OpenLot } from './open-lot.ts';

/**
 * What was scanned of a unit's own label, as it may stand on record: its serial, its endpoint key, or
 * its claim URL without the claim code. Throws DeviceFailure `scan-mismatch` for anything else, whose
 * reason tells as little.
 */
export async function matchLabel(
  open: Pick<OpenLot, 'lot' | 'secrets'>,
  index: number,
  scanned: string,
): Promise<string> {
  const { lot } = open;
  const serial = unitSerial(lot, index);
  const range = { from: index, count: 1 };
  for await (const batch of portableDeriver.derive(open, range, { needs: { claimCode: true } })) {
    const { endpointKey, claimCode } = batch.unit(0);
    const key = endpointKeyOf(endpointKey);
    const own = [serial, key];
    if (lot.labelBaseUrl !== undefined && claimCode) {
      own.push(claimUrl(lot.labelBaseUrl, key, toCrockford(claimCode)));
    }
    if (own.includes(scanned)) return describeScan(lot, scanned);
  }
  throw new DeviceFailure(
    'scan-mismatch',
    `the label is not that of ${serial}: scanned was ${describeScan(lot, scanned)}`,
  );
}

/** A scan for people and records: never a claim code, nor a text that could be one. */
export function describeScan(lot: Lot, scanned: string): string {
  if (serialIndex(lot, scanned) !== undefined) return scanned;
  const key = /(?:^|\/c\/)(ek_[0-9a-hjkmnp-tv-z]{26})(?:#|$)/.exec(scanned);
  if (!key) return `a text of ${scanned.length} characters`;
  return scanned.startsWith('ek_') ? scanned : `the claim URL of ${key[1] ?? ''}`;
}

/** Throws DeviceFailure `scan-mismatch` for a label in place of a board's barcode: it would bring its claim code on record. */
export function refuseLabel(scanned: string): void {
  if (!/#|:\/\//.test(scanned)) return;
  throw new DeviceFailure('scan-mismatch', 'what was scanned is no barcode of a board');
}
