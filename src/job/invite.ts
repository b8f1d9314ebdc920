import { HANDLE, LOGIN_NAME, parseName } from '../model/account-names.ts';
import type { Role } from '../model/role.ts';
import type { HttpRegistry } from '../registry/http-registry.ts';
import type { Invitation, NewAccount, NewPerson } from '../registry/people.ts';
import type { RegistryMember, RegistryPeople } from '../registry/people.ts';
import type { RegistryAccount } from '../registry/registry.ts';
import { saidWhenLost } from './interrupted-request.ts';
import { writeLines } from './secret-lines.ts';

export type { NewAccount, RegistryAccount };

/** Where the token of an invitation or a reset goes, 0600. */
export interface InvitationFile {
  /** A path, or `-`. */
  readonly path: string;
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/** A person who may choose a password now, by the token in the file. */
export interface Invited {
  readonly id: string;
  readonly login: string;
  /** A path, or `-`. */
  readonly invitation: string;
  readonly expiresAt: string;
}

/** Makes an account whose first admin is invited. Throws `writeLines`’ codes and those of a problem document, `usage`. */
export async function createAccountFor(
  registry: Pick<HttpRegistry, 'createAccount'>,
  wanted: NewAccount,
  file: InvitationFile,
): Promise<{ readonly account: RegistryAccount; readonly admin: Invited }> {
  parseName(HANDLE, wanted.handle);
  parseName(LOGIN_NAME, wanted.admin.login);
  return await writeLines(toLines(file), async () => {
    const { account, admin, invitation } = await saidWhenLost(
      registry.createAccount(wanted),
      `If it was made and the answer lost: \`keyline registry account invite ${wanted.handle}\` invites its admin again. Else choose other names.`,
    );
    const { login } = wanted.admin;
    const { answer, lines } = invited({ id: admin.id, login }, invitation, file);
    return { answer: { account, admin: answer }, lines };
  });
}

/** Invites its first admin once more, whose invitation was lost. Throws as `createAccountFor` does, `state-conflict`. */
export async function inviteAdminOf(
  registry: Pick<HttpRegistry, 'inviteAdmin'>,
  account: string,
  file: InvitationFile,
): Promise<Invited> {
  parseName(HANDLE, account);
  return await writeLines(toLines(file), async () => {
    const { admin, invitation } = await saidWhenLost(
      registry.inviteAdmin(account),
      'Invite again: whatever was made before serves no more.',
    );
    const { id, login = id } = admin;
    return invited({ id, login }, invitation, file);
  });
}

/** Brings a person into the account. Throws as `createAccountFor` does. */
export async function invitePerson(
  people: RegistryPeople,
  person: NewPerson & { readonly roles: readonly Role[] },
  file: InvitationFile,
): Promise<Invited> {
  parseName(LOGIN_NAME, person.login);
  return await writeLines(toLines(file), async () => {
    const { user, invitation } = await saidWhenLost(
      people.invite(person),
      'If the person is in `keyline registry user list`, `user reset` invites again; one of another account is let in by `user admit`.',
    );
    return invited({ id: user.id, login: person.login }, invitation, file);
  });
}

/** Lets a person choose another password; the old one serves until then. Throws as `createAccountFor` does. */
export async function resetPerson(
  people: RegistryPeople,
  { id, login = id }: RegistryMember,
  file: InvitationFile,
): Promise<Invited> {
  return await writeLines(toLines(file), async () => {
    const invitation = await saidWhenLost(
      people.reset(id),
      'Reset again: whatever was made before serves no more.',
    );
    return invited({ id, login }, invitation, file);
  });
}

function invited(
  { id, login }: Pick<Invited, 'id' | 'login'>,
  { token, expiresAt }: Invitation,
  { path }: InvitationFile,
): { readonly answer: Invited; readonly lines: readonly string[] } {
  return { answer: { id, login, invitation: path, expiresAt }, lines: [token] };
}

function toLines({ path, ...file }: InvitationFile): Parameters<typeof writeLines>[0] {
  return { ...file, paths: [path] };
}
