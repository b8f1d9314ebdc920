import { postJson } from './http-calls.ts';
import type { HttpSession } from './http-client.ts';
import { HttpMembers } from './http-members.ts';
import type { Invitation, RegistryMember, RegistryPeople } from './people.ts';

/** The people of the account by keyline's own HTTP interface. */
export class HttpPeople extends HttpMembers implements RegistryPeople {
  constructor(session: HttpSession) {
    super(session, '/v1/users');
  }

  invite(
    person: Parameters<RegistryPeople['invite']>[0],
  ): Promise<{ readonly user: RegistryMember; readonly invitation: Invitation }> {
    return postJson(this.session, this.path, person);
  }

  admit(person: Parameters<RegistryPeople['admit']>[0]): Promise<RegistryMember> {
    return postJson(this.session, '/v1/memberships', person);
  }

  reset(id: string): Promise<Invitation> {
    return postJson(this.session, `${this.pathOf(id)}/reset`);
  }
}
