import { KeylineError } from '../kernel/errors.ts';
import { getJson, getVersioned, pagesOf, patchJson } from './http-calls.ts';
import type { HttpSession } from './http-client.ts';
import type { MemberChange, RegistryMember, RegistryMembers } from './people.ts';

const MOST_TRIES = 6;

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

  async change(
    id: string,
    wish: (member: RegistryMember) => MemberChange | undefined,
  ): Promise<RegistryMember> {
    const path = this.pathOf(id);
    for (let tries = 1; ; tries++) {
      const { body, version } = await getVersioned<RegistryMember>(this.session, path);
      const change = wish(body);
      if (!change) return body;
      try {
        return await patchJson(this.session, path, { body: change, match: version });
      } catch (error) {
        // Somebody else's change, or our own whose answer was lost: a look tells.
        const isStale = error instanceof KeylineError && error.code === 'precondition-failed';
        if (!isStale || tries === MOST_TRIES) throw error;
      }
    }
  }

  protected pathOf(id: string): string {
    return `${this.path}/${encodeURIComponent(id)}`;
  }
}
