import { ROLES } from '../../src/model/role.ts';
import type { Role } from '../../src/model/role.ts';
import { issueToken } from '../../src/service/auth/sessions.ts';
import { setPrincipalState } from '../../src/service/store/principals.ts';
import { setStationLots } from '../../src/service/store/station-lots.ts';
import type { StationPlace } from '../../src/service/store/station-lots.ts';
import { AccessObjects } from './access-objects.ts';
import type { ServiceRig } from './rig.ts';

const ORIGIN = { actor: 'registry' } as const;

/** Whoever asks for an object of an account. */
export interface Principal {
  readonly name: string;
  readonly is: 'member' | 'device' | 'nobody';
  readonly isOwn: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly kind?: 'user' | 'system';
  readonly role?: Role;
  readonly principalId?: string;
  /** A station that was given a lot in which none of the objects is. */
  readonly isElsewhere?: boolean;
}

/** Each role as a person and as a machine, and a device, in the objects’ account and in another; and nobody. */
export async function everyPrincipal(
  rig: ServiceRig,
  objects: AccessObjects,
): Promise<Principal[]> {
  const { accountId: own } = objects;
  const found: Principal[] = [{ name: 'no token', is: 'nobody', isOwn: false, headers: {} }];
  for (const [isOwn, accountId] of [
    [true, own],
    [false, await rig.account()],
  ] as const) {
    const whose = isOwn ? 'own' : 'foreign';
    for (const role of ROLES) {
      for (const kind of ['user', 'system'] as const) {
        const { headers, principalId } = await rig.member([role], { accountId, kind });
        const name = `${whose} ${role} (${kind})`;
        found.push({ ...{ name, is: 'member', isOwn, headers }, kind, role, principalId });
      }
    }
    const { id: deviceId } = await (isOwn ? objects : new AccessObjects(rig, accountId)).device();
    const { token } = await rig.store.change(ORIGIN, (c) => issueToken(c, { accountId, deviceId }));
    const headers = { authorization: `Bearer ${token}` };
    found.push({ name: `${whose} device`, is: 'device', isOwn, headers });
  }
  const disabled = await rig.member(['account-admin'], { accountId: own, kind: 'user' });
  const id = disabled.principalId;
  await rig.store.change(ORIGIN, (c) => setPrincipalState(c, { id, accountId: own }, 'disabled'));
  const { headers } = disabled;
  found.push({ name: 'disabled admin', is: 'nobody', isOwn: true, headers });
  const station = await rig.member(['station'], { accountId: own });
  const { principalId } = station;
  await giveLot(rig, { accountId: own, principalId }, (await objects.lot()).lotId);
  const elsewhere = { role: 'station', kind: 'system', isElsewhere: true } as const;
  found.push({
    ...{ name: 'station of another lot', is: 'member', isOwn: true, principalId, ...elsewhere },
    headers: station.headers,
  });
  return found;
}

/** Gives a station this lot alone. */
export function giveLot(rig: ServiceRig, station: StationPlace, lotId: string): Promise<void> {
  const place = { ...station, roles: ['station'] } as const;
  return rig.store.change(ORIGIN, (change) => setStationLots(change, place, [lotId]));
}
