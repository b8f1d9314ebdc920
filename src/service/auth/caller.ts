import { KeylineError } from '../../kernel/errors.ts';
import { may } from '../../model/role.ts';
import type { Permission, Role } from '../../model/role.ts';
import type { Access } from '../service.ts';

/** A person or a machine with a token for one account. */
export interface Member {
  readonly kind: 'user' | 'system';
  readonly principalId: string;
  readonly accountId: string;
  /** None while `mustEnrolTotp`. */
  readonly roles: readonly Role[];
  /** An admin without the second factor that the account asks for: only what is its own is open. */
  readonly mustEnrolTotp?: boolean;
}

/** A device that has proved its credential. */
export interface DeviceCaller {
  readonly kind: 'device';
  readonly deviceId: string;
  /** Whose it is at this moment. */
  readonly accountId: string;
}

export type Caller = Member | DeviceCaller;

/** How the caller stands in the audit log and with its idempotency keys. */
export function actorOf(caller: Caller): string {
  return caller.kind === 'device' ? caller.deviceId : caller.principalId;
}

/** Throws `unauthenticated` without a caller where one is needed, `forbidden` for one that may not. */
export function requireAccess(caller: Caller | undefined, access: Access): void {
  if (access === 'anyone') return;
  if (!caller) throw unauthenticated();
  if (access === 'device' || caller.kind === 'device') {
    // Neither learns of the other's routes more than that they are not for it.
    if (caller.kind === 'device' && access === 'device') return;
    throw forbidden(access);
  }
  if (access === 'member' || may(caller, access)) return;
  if (caller.mustEnrolTotp) {
    throw new KeylineError('totp-not-enrolled', {
      message: 'this account asks its admins for an authenticator',
    });
  }
  throw forbidden(access);
}

/** The caller of a route for members. Throws `unauthenticated` elsewhere. */
export function memberOf({ caller }: { readonly caller: Caller | undefined }): Member {
  if (caller === undefined || caller.kind === 'device') throw unauthenticated();
  return caller;
}

/** The station that the answer is narrowed down to, by its lots, or undefined: another role grants all. */
export function stationOf(
  { kind, roles, principalId }: Member,
  permission: Permission,
): string | undefined {
  const others = roles.filter((role) => role !== 'station');
  return may({ kind, roles: others }, permission) ? undefined : principalId;
}

/** The caller of a route for devices. Throws `unauthenticated` elsewhere. */
export function deviceOf({ caller }: { readonly caller: Caller | undefined }): DeviceCaller {
  if (caller?.kind !== 'device') throw unauthenticated();
  return caller;
}

/** The one answer to whoever cannot show who it is, whatever the cause. */
export function unauthenticated(): KeylineError {
  return new KeylineError('unauthenticated', { message: 'no valid token or proof was given' });
}

function forbidden(access: Access): KeylineError {
  return new KeylineError('forbidden', {
    message: 'the roles of this token do not grant this',
    facts: { needs: access },
  });
}
