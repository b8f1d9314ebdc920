import { readFile, rm } from 'node:fs/promises';
import { writeFileAtomic } from '../kernel/atomic-file.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { refuseWideMode } from './home.ts';
import type { Home } from './home.ts';
import { namesIn } from './names-in.ts';

/** A log-in of whoever names no other. */
export const DEFAULT_CONTEXT = 'default';

/** What a log-in left in the home, token and all: one file a context, 0600. */
export interface StoredContext {
  /** Without a slash at its end. */
  readonly url: string;
  readonly accountId: string;
  readonly accessToken: string;
  readonly expiresAt: string;
  /** Of a system account. */
  readonly clientId?: string;
  /** Of a person. */
  readonly login?: string;
  /** PEM: what the registry’s certificate is checked against, instead of the roots of this machine. */
  readonly ca?: string;
  /** Where the client’s secret is, so that another token can be had; absolute. */
  readonly clientSecretFile?: string;
}

/** Throws `usage` for what cannot be the name of a file everywhere. */
export function parseContextName(text: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,62}$/.test(text)) return text;
  throw new KeylineError('usage', {
    message: 'a context is named with small letters, digits and hyphens, 63 at most',
  });
}

/** A context as it is kept, or undefined where nobody is logged in by this name. Throws `home-unsafe`. */
export async function findContext(home: Home, name: string): Promise<StoredContext | undefined> {
  const path = home.registryContext(name);
  await refuseWideMode(path);
  try {
    return JSON.parse(await readFile(path, 'utf8')) as StoredContext;
  } catch (error) {
    if (!isErrno(error, 'ENOENT') && !(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

/** Keeps a context, 0600, in the place of one of the same name. */
export async function keepContext(home: Home, name: string, context: StoredContext): Promise<void> {
  await home.ensure();
  await home.folder(home.registryDir);
  const text = `${JSON.stringify(context)}\n`;
  await writeFileAtomic(home.registryContext(name), text, { mode: 0o600, force: true });
}

/** Forgets a context, where there is one. */
export async function forgetContext(home: Home, name: string): Promise<void> {
  await rm(home.registryContext(name), { force: true });
}

/** The names of all contexts, sorted. */
export async function contextNames(home: Home): Promise<string[]> {
  const files = await namesIn(home.registryDir);
  return files.flatMap((file) => /^([a-z0-9][a-z0-9-]*)\.json$/.exec(file)?.[1] ?? []).sort();
}
