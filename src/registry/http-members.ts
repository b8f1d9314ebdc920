import { changeJson, getJson, pagesOf } from './http-calls.ts';
import type { HttpSession } from './http-client.ts';
import type { MemberChange, RegistryMember, RegistryMembers } from './people.ts';

/** Members of one kind, at one path of keyline's own HTTP interface. */
export abstract class HttpMembers implements RegistryMembers {
  protected readonly session: HttpSession;
  protected readonly path: string;

  constructor(session: HttpSession, path: string) {
    this.session = session;
    this.path = path;
  }

  list(): AsyncIterable<readonly RegistryMember[]> {
    return pagesOf(this.session, this.path);
  }

  show(id: string): Promise<RegistryMember> {
    return getJson(this.session, this.pathOf(id));
  }

  change(
    id: string,
    wish: (member: RegistryMember) => MemberChange | undefined,
  ): Promise<RegistryMember> {
    return changeJson(this.session, this.pathOf(id), wish);
  }

  protected pathOf(id: string): string {
    return `${this.path}/${encodeURIComponent(id)}`;
  }
}
