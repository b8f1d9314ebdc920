import { resolve } from 'node:path';
import { DEFAULT_CONTEXT, findContext, parseContextName } from '../home/context-store.ts';
import { keepContext } from '../home/context-store.ts';
import type { StoredContext } from '../home/context-store.ts';
import type { Home } from '../home/home.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import type { HttpSession } from '../registry/http-client.ts';
import { clientToken, personToken } from '../registry/http-login.ts';
import type { IssuedToken } from '../registry/http-login.ts';
import { readCa } from '../registry/read-ca.ts';
import { parseRegistryUrl } from '../registry/registry-url.ts';
import { sessionOf, wayTo } from './registry-session.ts';
import type { RegistryChoices, RegistryEffects, RegistrySession } from './registry-session.ts';
import { readTokenLine, storedToken } from './registry-token.ts';

/** A system account’s way in. */
export interface ClientProof {
  readonly kind: 'client';
  readonly idFile: string;
  readonly secretFile: string;
  /** Keeps the path of the secret, so that the token is renewed by itself. */
  readonly renews: boolean;
}

/** A person’s way in. */
export interface PersonProof {
  readonly kind: 'person';
  readonly login: string;
  /** Handle; the person’s own account unless given. */
  readonly account?: string | undefined;
  readonly password: () => Promise<Secret>;
  /** Six digits of an authenticator, asked for only where the registry wants them. */
  readonly code: () => Promise<string>;
}

/** The registry and the context that a log-in is for. Throws `usage`, `plain-http`. */
export async function loginTarget(
  home: Home,
  choices: RegistryChoices,
): Promise<{
  readonly context: string;
  readonly url: string;
  readonly before?: StoredContext | undefined;
}> {
  const context = parseContextName(choices.context ?? DEFAULT_CONTEXT);
  const before = await findContext(home, context);
  const address = choices.url ?? before?.url;
  if (address === undefined) {
    throw new KeylineError('usage', {
      message: `the context ${context} has no registry yet`,
      hint: 'Name it, such as https://HOST, or a context that has one with --context.',
    });
  }
  const url = parseRegistryUrl(address, choices.insecureHttp || address === before?.url);
  return { context, url, ...(before && { before }) };
}

/**
 * Logs in and keeps the token as a context, 0600, until `logOut`; another one of the same name is
 * replaced. Throws what `loginTarget` throws, `not-found`, `unauthenticated`, `totp-required`, `forbidden`.
 */
export async function logIn(
  home: Home,
  proof: ClientProof | PersonProof,
  { choices, effects }: { readonly choices: RegistryChoices; readonly effects: RegistryEffects },
): Promise<RegistrySession> {
  const { context, url, before } = await loginTarget(home, choices);
  const ca = await caOf(choices, { url, before });
  const session = await wayTo(url, { text: ca }, effects);
  const [issued, who] =
    proof.kind === 'client' ? await asClient(session, proof) : await asPerson(session, proof);
  const stored: StoredContext = {
    ...{ url, ...who, ...storedToken(issued) },
    ...(ca !== undefined && { ca }),
  };
  await keepContext(home, context, stored);
  return sessionOf(context, stored);
}

/** The CA that is named, else the one that this registry had before. */
export async function caOf(
  { caFile }: RegistryChoices,
  { url, before }: { readonly url: string; readonly before: StoredContext | undefined },
): Promise<string | undefined> {
  if (caFile !== undefined) return await readCa(caFile);
  return before?.url === url ? before.ca : undefined;
}

async function asClient(
  session: HttpSession,
  { idFile, secretFile, renews }: ClientProof,
): Promise<[IssuedToken, Partial<StoredContext>]> {
  const clientId = await readTokenLine(idFile);
  const secret = await readTokenLine(secretFile);
  const issued = await clientToken(session, { id: clientId, secret });
  return [issued, { clientId, ...(renews && { clientSecretFile: resolve(secretFile) }) }];
}

async function asPerson(
  session: HttpSession,
  { login, account, password, code }: PersonProof,
): Promise<[IssuedToken, Partial<StoredContext>]> {
  using secret = await password();
  const text = secret.use((bytes) => Buffer.from(bytes).toString('utf8'));
  const proof = { login, password: text, ...(account !== undefined && { account }) };
  try {
    return [await personToken(session, proof), { login }];
  } catch (error) {
    if (!(error instanceof KeylineError) || error.code !== 'totp-required') throw error;
  }
  return [await personToken(session, { ...proof, code: await code() }), { login }];
}
