import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { refuseWideMode } from '../home/home.ts';
import type { Home } from '../home/home.ts';
import { writeFileAtomic } from '../kernel/atomic-file.ts';
import { systemClock } from '../kernel/clock.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { readSecretFile } from '../keystore/read-input.ts';
import { HttpRegistry } from '../registry/http-registry.ts';

/** Who is logged in, without the token. */
export interface RegistrySession {
  readonly url: string;
  readonly clientId: string;
  readonly accountId: string;
  readonly expiresAt: string;
}

interface StoredSession extends RegistrySession {
  readonly accessToken: string;
}

/** A system account's way in. */
export interface LoginChoices {
  readonly url: string;
  readonly clientIdFile: string;
  readonly clientSecretFile: string;
  /** Plain HTTP beyond this machine. */
  readonly insecureHttp: boolean;
}

/**
 * Logs a system account in and keeps the token, 0600, until `logOut`; another session is replaced.
 * Throws `usage` for an address that is none, `plain-http`, `not-found`, `unauthenticated`.
 */
export async function logIn(
  home: Home,
  choices: LoginChoices,
  signal?: AbortSignal,
): Promise<RegistrySession> {
  const url = parseRegistryUrl(choices.url, choices.insecureHttp);
  const clientId = await readLine(choices.clientIdFile);
  const secret = await readLine(choices.clientSecretFile);
  const issued = await HttpRegistry.logIn({ url, signal }, { id: clientId, secret });
  const { accountId, accessToken, expiresIn } = issued;
  const expiresAt = new Date(systemClock.now().getTime() + expiresIn * 1_000).toISOString();
  await home.ensure();
  await mkdir(dirname(home.registrySession), { recursive: true, mode: 0o700 });
  const session: StoredSession = { url, clientId, accountId, accessToken, expiresAt };
  const text = `${JSON.stringify(session)}\n`;
  await writeFileAtomic(home.registrySession, text, { mode: 0o600, force: true });
  return { url, clientId, accountId, expiresAt };
}

/** The registry that this home is logged in to. Throws `unauthenticated` where it is to none, `home-unsafe`. */
export async function openRegistry(
  home: Home,
  signal?: AbortSignal,
): Promise<{ readonly registry: HttpRegistry; readonly session: RegistrySession }> {
  const { accessToken, ...session } = await readSession(home);
  const { url } = session;
  return { registry: new HttpRegistry({ url, accessToken, signal }), session };
}

/** Ends the token there and forgets it here, even where the registry does not know it any more. */
export async function logOut(home: Home, signal?: AbortSignal): Promise<RegistrySession> {
  const { registry, session } = await openRegistry(home, signal);
  try {
    await registry.endSession();
  } catch (error) {
    if (!(error instanceof KeylineError) || error.code !== 'unauthenticated') throw error;
  }
  await rm(home.registrySession, { force: true });
  return session;
}

async function readLine(path: string): Promise<string> {
  using file = await readSecretFile(path);
  return file.use((bytes) => Buffer.from(bytes).toString('latin1').trim());
}

async function readSession(home: Home): Promise<StoredSession> {
  await refuseWideMode(home.registrySession);
  try {
    return JSON.parse(await readFile(home.registrySession, 'utf8')) as StoredSession;
  } catch (error) {
    if (!isErrno(error, 'ENOENT') && !(error instanceof SyntaxError)) throw error;
    throw new KeylineError('unauthenticated', { message: 'nobody is logged in to a registry' });
  }
}

/** The address without a slash at its end. */
function parseRegistryUrl(text: string, insecureHttp: boolean): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && ['http:', 'https:'].includes(url.protocol) && url.username === '';
  if (!url || !isPlain || url.search !== '' || url.hash !== '') {
    throw new KeylineError('usage', { message: 'a registry’s address is https://HOST' });
  }
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol === 'http:' && !isLocal && !insecureHttp) {
    throw new KeylineError('plain-http', {
      message: 'the token would travel readable',
      hint: 'Give an https:// address, or say --insecure-http.',
    });
  }
  return url.href.replace(/\/+$/, '');
}
