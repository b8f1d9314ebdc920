import { KeylineError } from '../kernel/errors.ts';
import type { RegistryMember, RegistryMembers } from '../registry/people.ts';

export type { RegistryMember };

/** All members of one kind, by id. */
export async function listMembers(members: RegistryMembers): Promise<readonly RegistryMember[]> {
  const found: RegistryMember[] = [];
  for await (const page of members.list()) found.push(...page);
  return found;
}

/**
 * The member with this id, `pr_…`, else the person with this log-in name or the machine with this name. Throws
 * `object-unknown`, and `usage` where several machines have the name.
 */
export async function findMember(members: RegistryMembers, named: string): Promise<RegistryMember> {
  if (/^pr_[0-9a-z]{26}$/.test(named)) return await members.show(named);
  const all = await listMembers(members);
  const [found, other] = all.filter(({ login, name }) => (login ?? name) === named);
  if (!found) {
    throw new KeylineError('object-unknown', {
      message: `the account has nobody of the name ${JSON.stringify(named)}`,
    });
  }
  if (!other) return found;
  throw new KeylineError('usage', {
    message: `several have the name ${JSON.stringify(named)}`,
    hint: 'Give the client id instead, pr_….',
  });
}
