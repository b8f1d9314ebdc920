import { printable } from '../kernel/printable.ts';
import type { RegistryMember } from '../job/find-member.ts';
import type { Invited, RegistryAccount } from '../job/invite.ts';
import type { AccountDetails } from '../registry/registry.ts';
import type { SystemAccountFiles } from '../job/system-account.ts';
import { facts, table } from './table.ts';
import type { TableColumn } from './table.ts';

const LOTS: TableColumn<RegistryMember> = {
  ...{ title: 'lots', align: 'right' },
  value: ({ lots }) => lots?.length ?? '',
};

/** People or machines below each other; how many lots each has where there are stations. */
export function tabulateMembers(members: readonly RegistryMember[]): string {
  const hasStations = members.some(({ lots }) => lots);
  return table(members, [
    { title: 'name', value: ({ login, name }) => login ?? printable(name) },
    { title: 'id', value: ({ id }) => id },
    { title: 'state', value: ({ state }) => state },
    ...(hasStations ? [LOTS] : []),
    { title: 'roles', value: ({ roles }) => roles.join(', ') },
  ]);
}

/** One person or machine. */
export function describeMember(member: RegistryMember, isChanged = true): string {
  const { login, lots, isHome, hasTotp } = member;
  return facts([
    [login === undefined ? 'machine' : 'person', login ?? printable(member.name)],
    ['name', login === undefined ? undefined : printable(member.name)],
    ['id', member.id],
    ['state', isChanged ? member.state : `${member.state}, as before`],
    ['roles', member.roles.join(', ') || 'none'],
    ['authenticator', hasTotp ? 'enrolled' : undefined],
    ['comes from', isHome ? undefined : 'another account'],
    ...(lots ?? []).map((lot, at) => [at === 0 ? 'lots' : '', lot] as const),
    ['lots', lots?.length === 0 ? 'none: it registers and sees no device' : undefined],
  ]);
}

/** The account that one is logged in to. */
export function describeAccount(account: AccountDetails): string {
  return facts([
    ['account', account.handle],
    ['name', printable(account.name)],
    ['id', account.id],
    ['kind', account.kind],
    ['keys', account.isTest ? 'test keys alone' : 'no test keys'],
    ['receives', account.isReceiving ? 'what others offer' : 'nothing'],
    ['admins', account.needsTotp ? 'need an authenticator' : 'log in by password'],
    ['people', account.allowsRegistration ? 'may join as end-users' : 'are invited'],
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
