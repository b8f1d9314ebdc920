import { jsonRequest, postJson } from './http-calls.ts';
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
    await send(this.#session, jsonRequest('POST', '/v1/me/password', { password, newPassword }));
  }
}
