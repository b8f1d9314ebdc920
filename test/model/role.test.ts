import { describe, expect, it } from 'vitest';
import { may, mayGrant, PERMISSIONS, ROLES, seesPersonalData } from '../../src/model/role.ts';
import type { Permission, Role } from '../../src/model/role.ts';

const user = (...roles: Role[]) => ({ kind: 'user', roles }) as const;
const machine = (...roles: Role[]) => ({ kind: 'system', roles }) as const;
const all = (role: Role): Permission[] => PERMISSIONS.filter((one) => may(user(role), one));

describe('a role', () => {
  it('of nobody grants nothing', () => {
    expect(PERMISSIONS.filter((one) => may(user(), one))).toEqual([]);
  });

  it('of the platform makes accounts and sees no device', () => {
    expect(all('platform-admin')).toEqual(['accounts:create', 'health:read']);
  });

  it('of the account’s admin grants all that is the account’s, and nothing of the platform’s', () => {
    const missing = PERMISSIONS.filter((one) => !may(user('account-admin'), one));
    expect(missing).toEqual(['accounts:create', 'access:check', 'health:read']);
  });

  it.each([
    ['station', ['lots:read', 'devices:read', 'devices:register', 'operations:read']],
    ['technician', ['access:ask']],
    ['end-user', ['devices:claim', 'access:ask']],
    ['broker', ['access:check']],
  ] as const)('%s grants %j', (role, permissions) => {
    expect(all(role).sort()).toEqual([...permissions].sort());
  });

  it.each(['support', 'auditor'] as const)('%s reads and changes nothing', (role) => {
    expect(all(role).filter((one) => !one.endsWith(':read'))).toEqual([]);
  });

  it('to decide on a transfer is never one to request it, but for the account’s admin', () => {
    const both = ROLES.filter(
      (role) => may(user(role), 'transfers:request') && may(user(role), 'transfers:decide'),
    );
    expect(both).toEqual(['account-admin']);
  });

  it('lets the auditor and the admin alone read the audit log', () => {
    const readers = ROLES.filter((role) => may(user(role), 'audit:read'));
    expect(readers).toEqual(['account-admin', 'auditor']);
  });

  it('of a machine never controls a device or manages users, whatever it is given', () => {
    expect(may(machine(...ROLES), 'devices:control')).toBe(false);
    expect(may(machine(...ROLES), 'users:manage')).toBe(false);
    expect(may(machine('account-admin'), 'users:create')).toBe(true);
  });

  it('of support alone hides personal data', () => {
    expect(seesPersonalData(user('support'))).toBe(false);
    expect(seesPersonalData(user('support', 'account-admin'))).toBe(true);
  });

  it('is given by whoever holds one above it, and the platform’s by the platform alone', () => {
    const givable = (...own: Role[]) => ROLES.filter((role) => mayGrant(user(...own), [role]));
    expect(givable('account-admin')).toEqual(ROLES.filter((role) => role !== 'platform-admin'));
    expect(givable('customer-admin').sort()).toEqual(
      ['customer-admin', 'end-user', 'support', 'technician'].sort(),
    );
    expect(givable('factory-engineer')).toEqual(['station']);
    for (const role of ['station', 'provisioner', 'auditor', 'support', 'end-user'] as const) {
      expect(givable(role)).toEqual([]);
    }
    expect(mayGrant(user('customer-admin'), ['end-user', 'account-admin'])).toBe(false);
  });

  it('that controls a device is never a machine’s to give', () => {
    const givable = ROLES.filter((role) => mayGrant(machine(...ROLES), [role]));
    expect(givable).toEqual(['station', 'end-user']);
    expect(givable.some((role) => may(user(role), 'devices:control'))).toBe(false);
  });
});
