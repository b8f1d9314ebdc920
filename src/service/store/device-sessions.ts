import { unauthenticated } from '../auth/caller.ts';
import { spendNonce } from '../auth/device-nonce.ts';
import { issueToken } from '../auth/sessions.ts';
import type { IssuedToken } from '../auth/sessions.ts';
import { mayProve } from '../../model/device-state.ts';
import { findDevice, moveDevice } from './devices.ts';
import type { CredentialedDevice } from './devices.ts';
import type { Change } from './store.ts';

/**
 * A session for a device that has proved its credential, which enrolls it. A planned one is accepted with
 * the event `device.unreported-build`, the first time. Throws `unauthenticated` where the nonce was used
 * or the device has been held back or moved meanwhile.
 */
export async function openDeviceSession(
  change: Change,
  { device }: CredentialedDevice,
  nonce: string | undefined,
): Promise<IssuedToken> {
  if (nonce !== undefined && !(await spendNonce(change, nonce))) throw unauthenticated();
  const { accountId, id } = device;
  const now = await findDevice(change.db, accountId, id);
  if (!now || !mayProve(now)) throw unauthenticated();
  const { enrollment } = now;
  const enrolled = await moveDevice(change, { accountId, id }, 'proved');
  if (enrolled.provisioning === 'planned' && enrollment !== 'enrolled') {
    change.record({ accountId, type: 'device.unreported-build', subject: id });
  }
  return await issueToken(change, { accountId, deviceId: id });
}
