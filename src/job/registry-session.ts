import { contextNames, findContext, forgetContext, keepContext } from '../home/context-store.ts';
import { DEFAULT_CONTEXT, parseContextName } from '../home/context-store.ts';
import type { StoredContext } from '../home/context-store.ts';
import type { Home } from '../home/home.ts';
import { systemClock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import { readSecretFile, readSecretInput } from '../keystore/read-input.ts';
import { HttpRegistry } from '../registry/http-registry.ts';
import { parseRegistryUrl } from '../registry/registry-url.ts';

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

/** Who is logged in, without the token. */
export interface RegistrySession {
  readonly url: string;
  /** The log-in of this home; none where the token came from a file. */
  readonly context?: string;
  readonly clientId?: string;
  readonly login?: string;
  readonly accountId?: string;
  readonly expiresAt?: string;
}

/** A system account's way in. */
export interface LoginChoices extends RegistryChoices {
  readonly clientIdFile: string;
  readonly clientSecretFile: string;
}

/**
 * Logs a system account in and keeps the token as a context, 0600, until `logOut`; another one of the
 * same name is replaced. Throws `usage` for an address that is none, `plain-http`, `not-found`,
 * `unauthenticated`.
 */
export async function logIn(
  home: Home,
  choices: LoginChoices,
  signal?: AbortSignal,
): Promise<RegistrySession> {
  const context = parseContextName(choices.context ?? DEFAULT_CONTEXT);
  const address = choices.url ?? (await findContext(home, context))?.url;
  if (address === undefined) {
    throw new KeylineError('usage', { message: 'name the registry, such as https://HOST' });
  }
  const url = parseRegistryUrl(address, choices.insecureHttp);
  const clientId = await readLine(choices.clientIdFile);
  const secret = await readLine(choices.clientSecretFile);
  const issued = await HttpRegistry.logIn({ url, signal }, { id: clientId, secret });
  const { accountId, accessToken, expiresIn } = issued;
  const expiresAt = new Date(systemClock.now().getTime() + expiresIn * 1_000).toISOString();
  const stored = { url, clientId, accountId, accessToken, expiresAt };
  await keepContext(home, context, stored);
  return sessionOf(context, stored);
}

/**
 * The registry that the choices mean. A token is sent nowhere but to the address that it was given for.
 * Throws `unauthenticated` where nobody is logged in so, `home-unsafe`, `usage`, `plain-http`, `not-found`.
 */
export async function openRegistry(
  home: Home,
  choices: RegistryChoices = {},
  signal?: AbortSignal,
): Promise<{ readonly registry: HttpRegistry; readonly session: RegistrySession }> {
  const { tokenFile, insecureHttp } = choices;
  const context = parseContextName(choices.context ?? DEFAULT_CONTEXT);
  const stored = await findContext(home, context);
  const asked = choices.url === undefined ? undefined : parseRegistryUrl(choices.url, insecureHttp);
  if (tokenFile !== undefined) {
    const url = asked ?? stored?.url;
    if (url === undefined) throw await notLoggedIn(home, context);
    const accessToken = await readLine(tokenFile);
    return { registry: new HttpRegistry({ url, accessToken, signal }), session: { url } };
  }
  if (!stored) throw await notLoggedIn(home, context);
  const { url, accessToken } = stored;
  if (asked !== undefined && asked !== url) {
    throw new KeylineError('unauthenticated', {
      message: `the context ${context} is logged in to ${url}, not to ${asked}`,
    });
  }
  const registry = new HttpRegistry({ url, accessToken, signal });
  return { registry, session: sessionOf(context, stored) };
}

/** Ends the token there and forgets it here, even where the registry does not know it any more. */
export async function logOut(
  home: Home,
  choices: Pick<RegistryChoices, 'context'> = {},
  signal?: AbortSignal,
): Promise<RegistrySession> {
  const { registry, session } = await openRegistry(home, choices, signal);
  try {
    await registry.endSession();
  } catch (error) {
    if (!(error instanceof KeylineError) || error.code !== 'unauthenticated') throw error;
  }
  await forgetContext(home, session.context ?? DEFAULT_CONTEXT);
  return session;
}

function sessionOf(context: string, stored: StoredContext): RegistrySession {
  const { url, clientId, login, accountId, expiresAt } = stored;
  const who = {
    ...(clientId !== undefined && { clientId }),
    ...(login !== undefined && { login }),
  };
  return { url, context, ...who, accountId, expiresAt };
}

async function readLine(path: string): Promise<string> {
  using file = await (path === '-' ? readSecretInput() : readSecretFile(path));
  return file.use((bytes) => Buffer.from(bytes).toString('latin1').trim());
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
