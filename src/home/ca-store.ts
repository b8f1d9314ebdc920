import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { Check } from 'typebox/value';
import { writeFileAtomic } from '../kernel/atomic-file.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { refuseWideMode } from './home.ts';
import type { Home } from './home.ts';
import { namesIn } from './names-in.ts';

declare const brand: unique symbol;
/** A root's name on this machine: 1–64 letters, digits, `.`, `_` and `-`, no `.` or `-` in front. */
export type CaName = string & { readonly [brand]: 'ca' };

/** A root of the home, as docs/shapes.md lays it out. */
export interface StoredCa {
  readonly name: CaName;
  /** PEM: the certificate of the root's key, then its issuers. */
  readonly certificates: string;
  /** Path of the age file with the private key; undefined where the home has none. */
  readonly keyFile: string | undefined;
  /** The token with the private key, if it is in one. */
  readonly token: CaToken | undefined;
}

const CaToken = Type.Object(
  { module: Type.String({ minLength: 1 }), tokenSerial: Type.String() },
  { additionalProperties: false },
);
/** A PKCS#11 token that holds a root's private key, found there by its certificate. */
export type CaToken = Static<typeof CaToken>;

/** Parses a root's name, which is also its folder. Throws `usage`. */
export function parseCaName(text: string): CaName {
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(text)) return text as CaName;
  throw new KeylineError('usage', {
    message: `${JSON.stringify(text)} cannot be the name of a root`,
    hint: 'A name has 1 to 64 letters, digits, dots, dashes and underscores.',
  });
}

/** Every root of the home by name; none where there is no home yet. */
export async function listCas(home: Home): Promise<readonly StoredCa[]> {
  const names = (await namesIn(home.casDir)).filter((name) => /^[A-Za-z0-9_]/.test(name)).sort();
  const found = await Promise.all(names.map((name) => tryRead(home, parseCaName(name))));
  return found.filter((ca) => ca !== undefined);
}

/** Reads one root. Throws `not-found`, and `home-unsafe` where others may read its key. */
export async function readCa(home: Home, name: CaName): Promise<StoredCa> {
  const ca = await tryRead(home, name);
  if (ca) return ca;
  throw new KeylineError('not-found', {
    message: `there is no root ${name} in ${home.path}`,
    hint: '`keyline ca list` shows what there is; `keyline ca create` makes one.',
  });
}

/** Throws `already-exists` where the home has a root of this name. */
export async function refuseKnownCa(home: Home, name: CaName): Promise<void> {
  if (!(await tryRead(home, name))) return;
  throw new KeylineError('already-exists', {
    message: `there is a root ${name} in ${home.path} already`,
  });
}

/** Keeps a root; its key is an age file or in a token. Takes the home's lock. Throws `already-exists`. */
export async function writeCa(
  home: Home,
  name: CaName,
  content: { readonly certificates: string; readonly key: Uint8Array | CaToken },
): Promise<void> {
  await using _lock = await home.lock();
  await refuseKnownCa(home, name);
  await home.folder(home.caDir(name));
  const { key } = content;
  const isFile = key instanceof Uint8Array;
  const path = isFile ? keyPath(home, name) : tokenPath(home, name);
  // Without a certificate such a key is what an interrupted command left.
  if (isFile) await writeFileAtomic(path, key, { mode: 0o600, force: true });
  else await writeFileAtomic(path, `${JSON.stringify(key)}\n`, { mode: 0o644, force: true });
  try {
    await writeFileAtomic(certificatePath(home, name), content.certificates, { mode: 0o644 });
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

async function tryRead(home: Home, name: CaName): Promise<StoredCa | undefined> {
  let certificates: string;
  try {
    certificates = await readFile(certificatePath(home, name), 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return undefined;
    throw error;
  }
  const path = keyPath(home, name);
  await refuseWideMode(path);
  const token = await readToken(tokenPath(home, name));
  return { name, certificates, keyFile: (await exists(path)) ? path : undefined, token };
}

async function readToken(path: string): Promise<CaToken | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  const token = parseJson(text);
  if (Check(CaToken, token)) return token;
  throw new KeylineError('key-damaged', {
    message: `${path} does not name a token`,
    hint: 'Import the root again.',
    facts: { path },
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function certificatePath(home: Home, name: CaName): string {
  return join(home.caDir(name), 'ca.pem');
}

function keyPath(home: Home, name: CaName): string {
  return join(home.caDir(name), 'ca.age');
}

function tokenPath(home: Home, name: CaName): string {
  return join(home.caDir(name), 'token.json');
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
