import { printable } from '../kernel/printable.ts';
import type { RegistryMember } from '../job/find-member.ts';
import type { Invited, RegistryAccount } from '../job/invite.ts';
import type { SystemAccountFiles } from '../job/system-account.ts';
import { facts, table } from './table.ts';

/** People or machines below each other. */
export function tabulateMembers(members: readonly RegistryMember[]): string {
  return table(members, [
    { title: 'name', value: ({ login, name }) => login ?? printable(name) },
    { title: 'id', value: ({ id }) => id },
    { title: 'state', value: ({ state }) => state },
    { title: 'roles', value: ({ roles }) => roles.join(', ') },
  ]);
}

/** A person who may choose a password now, and the new account that it is to manage. */
export function describeInvited(
  { login, invitation, expiresAt }: Invited,
  account?: RegistryAccount,
): string {
  return facts([
    ['account', account?.handle],
    ['id', account?.id],
    ['person', login],
    ['invitation', invitation],
    ['until', expiresAt],
  ]);
}

/** A machine and its files. */
export function describeMachine(machine: SystemAccountFiles): string {
  return facts([
    ['machine', printable(machine.name)],
    ['client id', machine.clientId],
    ['id file', machine.clientIdFile],
    ['secret file', machine.clientSecretFile],
  ]);
}
