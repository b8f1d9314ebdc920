import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { Home } from '../../src/home/home.ts';
import { closeLot } from '../../src/job/close-lot.ts';
import type { ClosedLot, CloseRequest } from '../../src/job/close-lot.ts';
import type { LotRequest } from '../../src/job/create-lot.ts';
import { createKey } from '../../src/job/key-create.ts';
import type { KeyCard } from '../../src/job/key-create.ts';
import { initStation } from '../../src/job/station-init.ts';
import { Secret } from '../../src/kernel/secret.ts';
import type { Credentials } from '../../src/keystore/credentials.ts';

/** A home in a temporary folder that an identity file opens. */
export interface TestHome extends AsyncDisposable {
  readonly path: string;
  readonly home: Home;
  readonly recipient: string;
  readonly credentials: Credentials;
}

/** A new empty home. */
export async function makeHome(): Promise<TestHome> {
  const path = await mkdtemp(join(tmpdir(), 'keyline-home-'));
  const identity = await generateIdentity();
  const identityFile = join(path, 'identity');
  await writeFile(identityFile, `${identity}\n`, { mode: 0o600 });
  return {
    path,
    home: Home.at(join(path, 'home')),
    recipient: await identityToRecipient(identity),
    credentials: { identityFile },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

/** A home with one provisioning key. */
export async function makeOwner(): Promise<TestHome & { readonly card: KeyCard }> {
  const owner = await makeHome();
  const choices = { use: 'factory', recipients: [owner.recipient] } as const;
  return { ...owner, card: await createKey(owner.home, choices, undefined) };
}

/** A home that is a station. */
export async function makeStation(): Promise<TestHome & { readonly cardJws: string }> {
  const station = await makeHome();
  const choices = { name: 'line-1', recipients: [station.recipient] };
  const { cardJws } = await initStation(station.home, choices, undefined);
  return { ...station, cardJws };
}

/** A request for a psk lot of 10,000 units and 100 spare ones. */
export function lotRequest(change: Partial<LotRequest> = {}): LotRequest {
  return {
    code: 'A1',
    scheme: 'psk',
    size: 10_000,
    spare: 100,
    firstNumber: 0,
    serialTemplate: 'ACME-A1-{n:8}',
    ...change,
  };
}

/** Closes a lot of this home. */
export function close(
  { home, credentials }: TestHome,
  lot: string,
  change: Partial<CloseRequest> = {},
): Promise<ClosedLot> {
  const request = { lot, ledgers: [], reasons: {}, ...change };
  return closeLot(home, request, { credentials: () => credentials, toolVersion: '0.1.0' });
}

/** A file's bytes as a command reads them. */
export async function contentOf(path: string): Promise<Secret> {
  return Secret.take(await readFile(path));
}
