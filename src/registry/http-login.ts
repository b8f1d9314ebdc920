import { askJson, jsonRequest } from './http-calls.ts';
import { send } from './http-client.ts';
import type { HttpSession } from './http-client.ts';
import type { Joining } from './people.ts';

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

/**
 * Uses an invitation or a reset up for a password of 12 characters or more; the person's tokens end. Throws
 * `link-ended`, also where an answer was lost and the request was sent again.
 */
export async function redeemInvitation(
  session: HttpSession,
  chosen: { readonly token: string; readonly password: string },
): Promise<void> {
  await sendJson(session, '/v1/password', chosen);
}

/** Makes a person of an account that people may join. Throws `object-unknown`, `name-taken`. */
export async function joinAccount(session: HttpSession, person: Joining): Promise<void> {
  await sendJson(session, '/v1/registrations', person);
}

function post(session: HttpSession, path: string, body: object): Promise<IssuedToken> {
  return askJson(session, jsonRequest('POST', path, body));
}

async function sendJson(session: HttpSession, path: string, body: object): Promise<void> {
  await send(session, jsonRequest('POST', path, body));
}
