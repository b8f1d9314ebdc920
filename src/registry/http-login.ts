import { send } from './http-client.ts';
import type { HttpSession } from './http-client.ts';

/** A token and whose it is. */
export interface IssuedToken {
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: number;
  readonly accountId: string;
}

/** What a person shows. */
export interface PersonProof {
  readonly login: string;
  readonly password: string;
  /** Six digits of an authenticator. */
  readonly code?: string;
  /** Handle of the account that the token is to be for; the person’s own unless given. */
  readonly account?: string;
}

/** A token of an hour for client credentials (RFC 6749 section 4.4). Throws `unauthenticated`. */
export function clientToken(
  session: HttpSession,
  client: { readonly id: string; readonly secret: string },
): Promise<IssuedToken> {
  const grant = { grantType: 'client_credentials', clientId: client.id };
  return post(session, '/v1/token', { ...grant, clientSecret: client.secret });
}

/** A token of an hour for a person. Throws `unauthenticated`, `totp-required`, `forbidden`, `rate-limited`. */
export function personToken(session: HttpSession, proof: PersonProof): Promise<IssuedToken> {
  return post(session, '/v1/login', proof);
}

async function post(session: HttpSession, path: string, body: object): Promise<IssuedToken> {
  const headers = { 'content-type': 'application/json' };
  const request = { method: 'POST', path, headers, body: JSON.stringify(body) } as const;
  return (await (await send(session, request)).json()) as IssuedToken;
}
