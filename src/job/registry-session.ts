import { contextNames, findContext, forgetContext } from '../home/context-store.ts';
import { DEFAULT_CONTEXT, parseContextName } from '../home/context-store.ts';
import type { StoredContext } from '../home/context-store.ts';
import type { Home } from '../home/home.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { HttpSession } from '../registry/http-client.ts';
import { HttpRegistry } from '../registry/http-registry.ts';
import { parseRegistryUrl } from '../registry/registry-url.ts';
import { RenewableToken } from '../registry/renewable-token.ts';
import { anotherToken, readTokenLine } from './registry-token.ts';

/** Which registry, and as whom: what the flags of `registryContextFlags` say. */
export interface RegistryChoices {
  /** A log-in of this home; `default` unless given. */
  readonly context?: string | undefined;
  /** The address, where the context is not to say it. */
  readonly url?: string | undefined;
  /** A file with a token, or `-`, instead of that of the context. */
  readonly tokenFile?: string | undefined;
  /** Plain HTTP beyond this machine. */
  readonly insecureHttp?: boolean | undefined;
}

/** What surrounds a connection. */
export type RegistryEffects = Pick<HttpSession, 'signal' | 'onWait'>;

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
    return await withTokenFile(url, tokenFile, effects);
  }
  if (!stored) throw await notLoggedIn(home, context);
  const { url } = stored;
  if (asked !== undefined && asked !== url) {
    throw new KeylineError('unauthenticated', {
      message: `the context ${context} is logged in to ${url}, not to ${asked}`,
    });
  }
  const loginHint = `Log in again: keyline registry login --context ${context}.`;
  const way: HttpSession = { url, loginHint, ...effects };
  const token = new RenewableToken(stored.accessToken, (refused) =>
    anotherToken(home, context, { refused, session: way }),
  );
  const registry = new HttpRegistry({ ...way, token });
  return { registry, session: sessionOf(context, stored) };
}

/** Ends the token there and forgets it here, even where the registry does not know it any more. */
export async function logOut(
  home: Home,
  choices: Pick<RegistryChoices, 'context'> = {},
  effects: RegistryEffects = {},
): Promise<RegistrySession> {
  const context = parseContextName(choices.context ?? DEFAULT_CONTEXT);
  const stored = await findContext(home, context);
  if (!stored) throw await notLoggedIn(home, context);
  const { url, accessToken } = stored;
  try {
    await new HttpRegistry({
      url,
      token: new RenewableToken(accessToken),
      ...effects,
    }).endSession();
  } catch (error) {
    if (!(error instanceof KeylineError) || error.code !== 'unauthenticated') throw error;
  }
  await forgetContext(home, context);
  return sessionOf(context, stored);
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

async function withTokenFile(
  url: string,
  path: string,
  effects: RegistryEffects,
): Promise<OpenRegistry> {
  const first = await readTokenLine(path);
  // Whoever keeps such a file puts another token there before the one in it ends.
  const token = new RenewableToken(first, () =>
    path === '-' ? Promise.resolve(undefined) : readTokenLine(path),
  );
  const loginHint = 'Put a token that has not ended into the token file.';
  return { registry: new HttpRegistry({ url, token, loginHint, ...effects }), session: { url } };
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
