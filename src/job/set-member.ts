import type { Role } from '../model/role.ts';
import type { MemberChange, RegistryMember, RegistryMembers } from '../registry/people.ts';

/** What a member is to be; what is left out stays. */
export interface MemberWish {
  readonly name?: string | undefined;
  /** In place of all others. */
  readonly roles?: readonly Role[] | undefined;
  /** Ids of lots that a station is given, beside those that it has. */
  readonly addLots?: readonly string[];
  readonly removeLots?: readonly string[];
  /** Takes a lost authenticator away. */
  readonly removeTotp?: boolean;
}

/** Changes what is not so yet, and says whether anything was not. Throws the codes of a problem document. */
export async function setMember(
  members: RegistryMembers,
  { id }: Pick<RegistryMember, 'id'>,
  wish: MemberWish,
): Promise<{ readonly member: RegistryMember; readonly isChanged: boolean }> {
  let isChanged = false;
  const member = await members.change(id, (now) => {
    const change = changeOf(now, wish);
    // A change of which the answer was lost is looked at again: it is one all the same.
    isChanged ||= change !== undefined;
    return change;
  });
  return { member, isChanged };
}

function changeOf(now: RegistryMember, wish: MemberWish): MemberChange | undefined {
  const { name = now.name, roles = now.roles, addLots = [], removeLots = [], removeTotp } = wish;
  const had = now.lots ?? [];
  const lots = [...new Set([...had, ...addLots])].filter((lot) => !removeLots.includes(lot));
  const change: MemberChange = {
    ...(name !== now.name && { name }),
    ...(!isSame(roles, now.roles) && { roles }),
    ...(!isSame(lots, had) && { lots }),
    ...(removeTotp === true && now.hasTotp && { hasTotp: false as const }),
  };
  return Object.keys(change).length > 0 ? change : undefined;
}

/** Whether both hold the same, in whatever order. */
function isSame(some: readonly string[], others: readonly string[]): boolean {
  return new Set(some).size === new Set(others).size && some.every((one) => others.includes(one));
}
