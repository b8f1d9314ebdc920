import { findMember } from '../job/find-member.ts';
import type { RegistryMember } from '../job/find-member.ts';
import type { MemberState } from '../registry/people.ts';
import type { BaseCommand } from './base-command.ts';
import { openRegistryFor } from './registry-context-flags.ts';
import type { RegistryContextValues } from './registry-context-flags.ts';

/** Who, and what it is to be. */
interface StateWish {
  readonly of: 'people' | 'machines';
  readonly named: string;
  readonly state: MemberState;
}

/** Asks before it disables, says what the member is now. Throws `needs-yes`, what `findMember` throws. */
export async function setStateByCommand(
  command: BaseCommand,
  { of, named, state }: StateWish,
  flags: RegistryContextValues & { readonly yes?: boolean },
): Promise<RegistryMember> {
  const { registry } = await openRegistryFor(command, flags);
  const members = registry[of];
  const found = await findMember(members, named);
  if (state === 'disabled' && found.state !== state) {
    const question = `Disable ${named}, and end its tokens at once?`;
    await command.confirm(question, flags.yes === true);
  }
  const member = await members.change(found.id, (now) =>
    now.state === state ? undefined : { state },
  );
  command.print(`${named} is ${member.state}${found.state === state ? ', as before' : ''}.`);
  return member;
}
