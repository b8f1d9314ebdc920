import type { EndpointKey, ProvisioningKey } from '../../model/ids.ts';
import type { Device } from './devices.ts';
import type { Reader } from './store.ts';

/** One active credential. */
export interface ActiveCredential {
  readonly deviceId: string;
  readonly provisioningKey: ProvisioningKey;
  readonly endpointKey: EndpointKey;
}

/** What devices prove themselves by, by device. */
export async function activeCredentials(
  db: Reader,
  devices: readonly Pick<Device, 'id'>[],
): Promise<ReadonlyMap<string, ActiveCredential>> {
  if (devices.length === 0) return new Map();
  const ids = devices.map(({ id }) => id);
  const rows = (await db
    .selectFrom('credentials')
    .select(['deviceId', 'provisioningKey', 'endpointKey'])
    .where('deviceId', 'in', ids)
    .where('isActive', '=', 1)
    .execute()) as ActiveCredential[];
  return new Map(rows.map((row) => [row.deviceId, row]));
}
