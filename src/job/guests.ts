import { KeylineError } from '../kernel/errors.ts';
import type { Role } from '../model/role.ts';
import type { RegistryMember, RegistryPeople } from '../registry/people.ts';

/** Gives roles here to a person of another account. Throws `object-unknown`, `state-conflict` for a member. */
export async function admitPerson(
  people: RegistryPeople,
  person: { readonly login: string; readonly roles: readonly Role[] },
): Promise<RegistryMember> {
  try {
    return await people.admit(person);
  } catch (error) {
    if (!(error instanceof KeylineError) || error.code !== 'state-conflict') throw error;
    const { code, message, facts } = error;
    const hint = 'Change its roles with `keyline registry user set`.';
    throw new KeylineError(code, { message, hint, facts });
  }
}

/** Takes all roles here from a person of another account. Throws `usage` for one of this account. */
export async function removeGuest(
  people: RegistryPeople,
  person: RegistryMember,
): Promise<RegistryMember> {
  if (person.isHome) {
    throw new KeylineError('usage', {
      message: `${person.login ?? person.id} comes from this account`,
      hint: 'Let it in no more with `keyline registry user disable`.',
    });
  }
  try {
    return await people.change(person.id, () => ({ roles: [] }));
  } catch (error) {
    // The answer to a change that was made was lost: nobody of this id is a member any more.
    if (!(error instanceof KeylineError) || error.code !== 'object-unknown') throw error;
    return { ...person, roles: [] };
  }
}
