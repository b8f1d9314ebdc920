import { KeylineError } from '../../kernel/errors.ts';
import { mayCancel } from '../../model/escrow.ts';
import { flag } from './accounts.ts';
import { escrowOf } from './device-query.ts';
import type { FleetDevice } from './device-query.ts';
import { needFleetDevice } from './fleet.ts';
import type { Change } from './store.ts';

/**
 * Takes the account's device out of escrow, or puts it back; what is so already stays and is not recorded.
 * Throws `object-unknown`, `precondition-failed` where it is no more at `version`, `state-conflict` for one
 * that is offered, active or retired.
 */
export async function setCancelled(
  change: Change,
  where: { readonly accountId: string; readonly id: string; readonly version: number },
  isCancelled: boolean,
): Promise<FleetDevice> {
  const { accountId, id, version } = where;
  const device = await needFleetDevice(change.db, accountId, id);
  if (device.version !== version) throw changed();
  if (device.isCancelled === flag(isCancelled)) return device;
  const state = escrowOf(device);
  if (isCancelled && !mayCancel(state, device.enrollment)) {
    throw new KeylineError('state-conflict', {
      message: `a device that is ${state} and ${device.enrollment} cannot be taken out of escrow`,
      hint: 'Withdraw an offer first; a device that works for its owner is quarantined or retired.',
      facts: { escrow: state, enrollment: device.enrollment },
    });
  }
  const moved = await change.db
    .updateTable('devices')
    .set({ isCancelled: flag(isCancelled), version: version + 1 })
    .where('id', '=', device.id)
    .where('accountId', '=', accountId)
    .where('version', '=', version)
    .executeTakeFirst();
  if (moved.numUpdatedRows !== 1n) throw changed();
  const type = isCancelled ? 'device.escrow-cancelled' : 'device.escrow-restored';
  change.record({ accountId, type, subject: device.id });
  return await needFleetDevice(change.db, accountId, device.id);
}

function changed(): KeylineError {
  return new KeylineError('precondition-failed', { message: 'the device changed' });
}
