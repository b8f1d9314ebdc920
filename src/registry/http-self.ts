import { postJson } from './http-calls.ts';
import { send } from './http-client.ts';
import type { HttpSession } from './http-client.ts';
import type { AuthenticatorSecret, RegistrySelf } from './people.ts';

/** One's own way in by keyline's own HTTP interface. */
export class HttpSelf implements RegistrySelf {
  readonly #session: HttpSession;

  constructor(session: HttpSession) {
    this.#session = session;
  }

  beginTotp(): Promise<AuthenticatorSecret> {
    return postJson(this.#session, '/v1/me/totp');
  }

  async confirmTotp(code: string): Promise<void> {
    await postJson(this.#session, '/v1/me/totp/confirm', { code });
  }

  async removeTotp(code: string): Promise<void> {
    await postJson(this.#session, '/v1/me/totp/disable', { code });
  }

  async changePassword(password: string, newPassword: string): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ password, newPassword });
    await send(this.#session, { method: 'POST', path: '/v1/me/password', headers, body });
  }
}
