import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Home } from '../home/home.ts';
import { unreadable } from '../kernel/unreadable.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { readManifest } from '../manifest/input.ts';
import { verifyStatement } from '../seals/jws.ts';
import { ManifestSeal } from '../seals/manifest-seal.ts';
import { findLot, openLot } from './open-lot.ts';
import { refuseMissingFile } from './refuse-missing-file.ts';
import type { SealedSource } from './register-manifest.ts';
import { unwrapAge } from './unwrap-age.ts';
import { writeManifest } from './write-manifest.ts';

/** What surrounds it. */
export interface SourceEffects {
  readonly home: Home;
  readonly credentials: () => Credentials;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A manifest file with the seal beside it, or, where no file has this name, the planned manifest of the
 * lot that has it, written to a folder of its own that is gone when this is disposed. The same lot gives
 * the same seal, so that an upload that was cut short goes on. Throws `not-found` and what `openLot` does.
 */
export async function openRegisterSource(
  name: string,
  effects: SourceEffects,
): Promise<SealedSource & AsyncDisposable> {
  if (await isFile(name)) return await fromFile(name, effects, () => Promise.resolve());
  refuseMissingFile(name);
  const stored = await findLot(effects.home, name);
  await using open = await openLot(effects.home, stored, effects.credentials());
  const folder = await mkdtemp(join(tmpdir(), 'keyline-register-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const output = join(folder, 'lot.csv');
    await writeManifest(
      open,
      {
        ...{ withSecrets: false, format: 'csv', gzip: false, recipients: [], plaintext: false },
        ...{ output, force: false },
      },
      { sealedAt: open.lot.createdAt, signal: effects.signal },
    );
    return await fromFile(output, effects, remove);
  } catch (error) {
    await remove();
    throw error;
  }
}

async function fromFile(
  path: string,
  { credentials, signal }: SourceEffects,
  remove: () => Promise<void>,
): Promise<SealedSource & AsyncDisposable> {
  const seal = (await readText(`${path}.seal`)).trim();
  const { header } = await verifyStatement('keyline-seal+jws', ManifestSeal, seal);
  const unwrap = (bytes: Uint8Array) => unwrapAge(path, bytes, credentials());
  return {
    bytes: () => readManifest(path, { unwrap, signal }).bytes,
    seal,
    descriptor: header.lot ?? '',
    [Symbol.asyncDispose]: remove,
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
