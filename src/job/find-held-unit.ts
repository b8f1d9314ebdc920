import { KeylineError } from '../kernel/errors.ts';
import { DeviceFailure } from '../model/failure.ts';
import type { EndpointKey } from '../model/ids.ts';
import type { OpenLot } from './open-lot.ts';
import type { ProvisionRun } from './provision-run.ts';
import { findUnit } from './show-unit.ts';

/** How long an endpoint key is looked for: 30 million psk units, or 100 thousand with P-256 keys. */
const SEARCH_MS = 30_000;

/**
 * The index of a credential that a device holds and no device of the ledger has. Throws DeviceFailure
 * `already-provisioned` for one that is none of this lot's, `index-conflict` where another has it.
 */
export async function findHeldUnit(
  run: ProvisionRun,
  endpointKey: EndpointKey,
  signal: AbortSignal,
): Promise<number> {
  const { open, ledger } = run;
  const late = AbortSignal.timeout(SEARCH_MS);
  try {
    const both = AbortSignal.any([signal, late]);
    const index = await findUnit(open as OpenLot, { endpointKey }, both);
    const other = ledger.unit(open.lot.lotId, index);
    if (!other) return index;
    throw new DeviceFailure(
      'index-conflict',
      `it holds the credential of unit ${index}, which device ${other.hardwareId} has`,
    );
  } catch (error) {
    const isForeign = error instanceof KeylineError && error.code === 'not-found';
    if (!isForeign && !(late.aborted && !signal.aborted)) throw error;
    const where = isForeign ? 'is not one of this lot' : 'was not found in time';
    throw new DeviceFailure('already-provisioned', `it holds ${endpointKey}, which ${where}`);
  }
}
