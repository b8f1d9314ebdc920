import { findContext, keepContext } from '../home/context-store.ts';
import type { StoredContext } from '../home/context-store.ts';
import type { Home } from '../home/home.ts';
import { systemClock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import { readSecretFile, readSecretInput } from '../keystore/read-input.ts';
import type { HttpSession } from '../registry/http-client.ts';
import { clientToken } from '../registry/http-login.ts';
import type { IssuedToken } from '../registry/http-login.ts';

/** The part of a context that each token brings. */
export function storedToken({
  accessToken,
  accountId,
  expiresIn,
}: IssuedToken): Pick<StoredContext, 'accessToken' | 'accountId' | 'expiresAt'> {
  const expiresAt = new Date(systemClock.now().getTime() + expiresIn * 1_000).toISOString();
  return { accountId, accessToken, expiresAt };
}

/**
 * Another token for a context whose token was refused: the one that another process put there, or one for
 * the client whose secret it may read. Undefined where there is none to be had: a person logs in again.
 * Throws `not-found` for a secret file that is gone, `unauthenticated` for a secret that was rotated.
 */
export async function anotherToken(
  home: Home,
  context: string,
  { refused, session }: { readonly refused: string; readonly session: HttpSession },
): Promise<string | undefined> {
  const stored = await findContext(home, context);
  // Logged out meanwhile, or in elsewhere: that token is for that address alone.
  if (stored?.url !== session.url) return undefined;
  if (stored.accessToken !== refused) return stored.accessToken;
  const { clientId, clientSecretFile } = stored;
  if (clientId === undefined || clientSecretFile === undefined) return undefined;
  const secret = await readTokenLine(clientSecretFile);
  const issued = await clientToken(session, { id: clientId, secret });
  await keepContext(home, context, { ...stored, ...storedToken(issued) });
  return issued.accessToken;
}

/** The one line of a file with a token, a client id or its secret; `-` is standard input. Throws `not-found`, `usage`. */
export async function readTokenLine(path: string): Promise<string> {
  using file = await (path === '-' ? readSecretInput() : readSecretFile(path));
  const line = file.use((bytes) => Buffer.from(bytes).toString('latin1').trim());
  // It becomes a header: whatever else is in there, no request may be made of it.
  if (/^[\x21-\x7e]{1,4096}$/.test(line)) return line;
  throw new KeylineError('usage', {
    message: `${path === '-' ? 'standard input' : path} does not hold one token on one line`,
  });
}

/** The token in a file, `-` for standard input. Throws `not-found`, `usage`, also for a secret that is no token. */
export async function readAccessToken(path: string): Promise<string> {
  const line = await readTokenLine(path);
  // Sent by mistake, it would be known to the registry and all that stands before it.
  if (!/^(?:ks|es|kc|kr|km)_/.test(line)) return line;
  throw new KeylineError('usage', {
    message: `${path === '-' ? 'standard input' : path} holds a secret that is no token`,
    hint: 'A token of a registry begins with kt_; nothing was sent.',
  });
}
