import { postJson } from './http-calls.ts';
import type { HttpSession } from './http-client.ts';
import { HttpMembers } from './http-members.ts';
import type { ClientCredentials, RegistryMachines } from './people.ts';

/** The machines of the account by keyline's own HTTP interface. */
export class HttpMachines extends HttpMembers implements RegistryMachines {
  constructor(session: HttpSession) {
    super(session, '/v1/system-accounts');
  }

  add(machine: Parameters<RegistryMachines['add']>[0]): Promise<ClientCredentials> {
    return postJson(this.session, this.path, machine);
  }

  rotate(id: string): Promise<ClientCredentials> {
    return postJson(this.session, `${this.pathOf(id)}/rotate`);
  }
}
