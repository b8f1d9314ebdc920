import { parseEndpointKey } from './ids.ts';
import { lotEnd } from './lot.ts';
import type { Lot } from './lot.ts';
import { unitSerial } from './serial-template.ts';

/** What a registry is told of one device: nothing of it is secret. */
export interface DeviceRow {
  readonly serial: string;
  readonly lotIndex: number;
  readonly endpointKey: string;
  readonly model?: string | undefined;
  readonly hardwareId?: string | undefined;
  /** SHA-256, hexadecimal. */
  readonly claimDigest?: string | undefined;
  /** JSON object of texts. */
  readonly attributes?: string | undefined;
}

/** Why a row cannot be registered, whatever the registry has. */
export type RowProblem =
  'row-malformed' | 'index-outside' | 'serial-wrong' | 'endpoint-key-wrong' | 'value-wrong';

/** What is wrong with a device that is said to be of this lot, or undefined. */
export function rowProblem(lot: Lot, row: DeviceRow): RowProblem | undefined {
  const { lotIndex, serial, endpointKey, model } = row;
  if (!Number.isSafeInteger(lotIndex) || lotIndex < 0 || lotIndex >= lotEnd(lot)) {
    return 'index-outside';
  }
  if (serial !== unitSerial(lot, lotIndex)) return 'serial-wrong';
  if (parseEndpointKey(endpointKey) === undefined) return 'endpoint-key-wrong';
  if (row.hardwareId !== undefined && !isPlainText(row.hardwareId)) return 'value-wrong';
  return model === undefined || model === lot.model ? undefined : 'value-wrong';
}

/** Whether every database can keep it: PostgreSQL has neither NUL nor half a surrogate pair in a text. */
export function isPlainText(text: string): boolean {
  return !text.includes('\0') && !/[\ud800-\udfff]/u.test(text);
}
