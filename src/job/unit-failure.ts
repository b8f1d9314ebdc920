import type { ErrorCode } from '../kernel/error-catalog.ts';
import { KeylineError } from '../kernel/errors.ts';
import { DeviceFailure } from '../model/failure.ts';
import type { FailureCode } from '../model/failure.ts';

/** Errors that say something of one device or its port; all others end the job. */
const OF_A_DEVICE: Partial<Record<ErrorCode, FailureCode>> = {
  'port-missing': 'port-gone',
  'port-unusable': 'port-gone',
  'port-not-serial': 'port-gone',
  'port-busy': 'port-busy',
  'duplicate-id': 'duplicate-id',
  'id-changed': 'id-changed',
  'index-conflict': 'index-conflict',
  'lot-used-up': 'lot-used-up',
  'outside-grant': 'lot-used-up',
  'disk-full': 'ledger-full',
  'image-invalid': 'write-refused',
  interrupted: 'interrupted',
};

/** What failed a device, or undefined for an error that is not the device's and ends the job. */
export function failureOf(error: unknown): DeviceFailure | undefined {
  if (error instanceof DeviceFailure) return error;
  if (!(error instanceof KeylineError)) return undefined;
  const code = OF_A_DEVICE[error.code];
  return code && new DeviceFailure(code, error.message);
}

/** What a verification says of a device that holds its credential in part or not at all. */
const NOT_WHOLE: readonly FailureCode[] = [
  'verify-mismatch',
  'not-stored',
  // A programmer ends alike whether it found another image or no device; then the write fails too.
  'programmer-failed',
];

/** Whether a device that failed its verification may hold only part of its credential. */
export function saysNotWhole(error: unknown): boolean {
  return error instanceof DeviceFailure && NOT_WHOLE.includes(error.code);
}
