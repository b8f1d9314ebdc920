import { contextNames, findContext, forgetContext } from '../home/context-store.ts';
import { DEFAULT_CONTEXT, parseContextName } from '../home/context-store.ts';
import type { StoredContext } from '../home/context-store.ts';
import type { Home } from '../home/home.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { HttpSession } from '../registry/http-client.ts';
import { HttpRegistry } from '../registry/http-registry.ts';
import { readCa } from '../registry/read-ca.ts';
import { parseRegistryUrl } from '../registry/registry-url.ts';
import { RenewableToken } from '../registry/renewable-token.ts';
import { openTransport } from '../registry/transport.ts';
import { anotherToken, readAccessToken } from './registry-token.ts';

/** Which registry, and as whom: what the flags of `registryContextFlags` say. */
export interface RegistryChoices {
  /** A log-in of this home; `default` unless given. */
  readonly context?: string | undefined;
  /** The address, where the context is not to say it. */
  readonly url?: string | undefined;
  /** A file with a token, or `-`, instead of that of the context. */
  readonly tokenFile?: string | undefined;
  /** PEM: the registry’s certificate is checked against this, instead of the roots of this machine. */
  readonly caFile?: string | undefined;
  /** Plain HTTP beyond this machine. */
  readonly insecureHttp?: boolean | undefined;
}

/** What surrounds a connection. */
export interface RegistryEffects extends Pick<HttpSession, 'signal' | 'onWait'> {
  /** Where HTTPS_PROXY, HTTP_PROXY and NO_PROXY are; no proxy unless given. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Who is logged in, without the token. */
export interface RegistrySession {
  readonly url: string;
  /** The log-in of this home; none where the token came from a file. */
  readonly context?: string;
  /** Of a system account. */
  readonly clientId?: string;
  /** Of a person. */
  readonly login?: string;
  readonly accountId?: string;
  readonly expiresAt?: string;
  /** Whether another token is asked for when this one ends. */
  readonly renews?: boolean;
}

/** A registry, and as whom it is open. */
export interface OpenRegistry {
  readonly registry: HttpRegistry;
  readonly session: RegistrySession;
}

/**
 * The registry that the choices mean. A token is sent nowhere but to the address that it was given for.
 * Throws `unauthenticated` where nobody is logged in so, `home-unsafe`, `usage`, `plain-http`, `not-found`.
 */
export async function openRegistry(
  home: Home,
  choices: RegistryChoices = {},
  effects: RegistryEffects = {},
): Promise<OpenRegistry> {
  const { tokenFile, insecureHttp } = choices;
  const context = parseContextName(choices.context ?? DEFAULT_CONTEXT);
  const stored = await findContext(home, context);
  const asked = choices.url === undefined ? undefined : parseRegistryUrl(choices.url, insecureHttp);
  if (tokenFile !== undefined) {
    const url = asked ?? stored?.url;
    if (url === undefined) throw await notLoggedIn(home, context);
    const ca = choices.caFile ?? (url === stored?.url ? { text: stored.ca } : undefined);
    return await withTokenFile(await wayTo(url, ca, effects), tokenFile);
  }
  if (!stored) throw await notLoggedIn(home, context);
  const { url } = stored;
  if (asked !== undefined && asked !== url) {
    throw new KeylineError('unauthenticated', {
      message: `the context ${context} is logged in to ${url}, not to ${asked}`,
    });
  }
  const loginHint = `Log in again: keyline registry login --context ${context}.`;
  const way = { ...(await wayTo(url, choices.caFile ?? { text: stored.ca }, effects)), loginHint };
  const token = new RenewableToken(stored.accessToken, (refused) =>
    anotherToken(home, context, { refused, session: way }),
  );
  const registry = new HttpRegistry({ ...way, token });
  return { registry, session: sessionOf(context, stored) };
}

/**
 * Ends the token there and forgets it here, even where the registry does not know it any more. Throws
 * `registry-unavailable` where nobody answers, and has forgotten it all the same.
 */
export async function logOut(
  home: Home,
  choices: Pick<RegistryChoices, 'context'> = {},
  effects: RegistryEffects = {},
): Promise<RegistrySession> {
  const context = parseContextName(choices.context ?? DEFAULT_CONTEXT);
  const stored = await findContext(home, context);
  if (!stored) throw await notLoggedIn(home, context);
  const { url, accessToken, ca } = stored;
  try {
    const way = await wayTo(url, { text: ca }, effects);
    await new HttpRegistry({ ...way, token: new RenewableToken(accessToken) }).endSession();
  } catch (error) {
    const code = error instanceof KeylineError ? error.code : undefined;
    if (code === 'registry-unavailable') {
      await forgetContext(home, context);
      throw new KeylineError(code, {
        message: `nobody answers at ${url}; the token is forgotten here`,
        hint: 'There it ends by itself within an hour.',
        facts: { url },
      });
    }
    if (code !== 'unauthenticated') throw error;
  }
  await forgetContext(home, context);
  return sessionOf(context, stored);
}

/** How one speaks to a registry. `ca`: a file, or what one had. Throws `not-found`, `usage`. */
export async function wayTo(
  url: string,
  ca: string | { readonly text: string | undefined } | undefined,
  { env = {}, ...effects }: RegistryEffects,
): Promise<HttpSession> {
  const text = typeof ca === 'string' ? await readCa(ca) : ca?.text;
  return { url, fetch: await openTransport({ url, ca: text, env }), ...effects };
}

/** A context without its token. */
export function sessionOf(context: string, stored: StoredContext): RegistrySession {
  const { url, clientId, login, accountId, expiresAt, clientSecretFile } = stored;
  const who = {
    ...(clientId !== undefined && { clientId }),
    ...(login !== undefined && { login }),
  };
  return { url, context, ...who, accountId, expiresAt, renews: clientSecretFile !== undefined };
}

async function withTokenFile(way: HttpSession, path: string): Promise<OpenRegistry> {
  const first = await readAccessToken(path);
  // Whoever keeps such a file puts another token there before the one in it ends.
  const token = new RenewableToken(first, () =>
    path === '-' ? Promise.resolve(undefined) : readAccessToken(path),
  );
  const loginHint = 'Put a token that has not ended into the token file.';
  const { url } = way;
  return { registry: new HttpRegistry({ ...way, token, loginHint }), session: { url } };
}

async function notLoggedIn(home: Home, context: string): Promise<KeylineError> {
  const names = await contextNames(home);
  return new KeylineError('unauthenticated', {
    message:
      context === DEFAULT_CONTEXT
        ? 'nobody is logged in to a registry'
        : `nobody is logged in as the context ${context}`,
    ...(names.length > 0 && {
      hint: `Give --context with one of ${names.join(', ')}, or log in with \`keyline registry login\`.`,
    }),
  });
}
