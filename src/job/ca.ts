import { checkChain } from '../derive/x509/chain.ts';
import { keySigner } from '../derive/x509/root-signer.ts';
import type { Root } from '../derive/x509/root-signer.ts';
import { listCas, parseCaName, readCa } from '../home/ca-store.ts';
import type { CaToken } from '../home/ca-store.ts';
import { readCertificate } from '../derive/x509/certificate-reader.ts';
import type { Home } from '../home/home.ts';
import { isoSeconds, systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import { decryptFile } from '../keystore/age-file.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { caCard, storedChain } from './ca-card.ts';
import type { CaCard } from './ca-card.ts';
import { readCaKey, requireKeyOf } from './ca-key.ts';

/** Every root of the home, by name. Throws `key-damaged`. */
export async function listCaCards(home: Home): Promise<readonly CaCard[]> {
  return (await listCas(home)).map(caCard);
}

/** One root and its certificates in PEM. Throws `not-found`, `key-damaged`. */
export async function showCa(
  home: Home,
  name: string,
): Promise<{ readonly card: CaCard; readonly pem: string }> {
  const ca = await readCa(home, parseCaName(name));
  return { card: caCard(ca), pem: ca.certificates };
}

/** A root that is open until disposed. */
export interface OpenRoot extends Root, AsyncDisposable {}

/**
 * Opens a root that is to certify a lot's issuing CA. Throws `not-found`, what opening an age file
 * or a token throws, and `certificate-invalid` for one that is not valid now or whose key is another.
 */
export async function loadRoot(
  home: Home,
  name: string,
  credentials: Credentials,
  options: { readonly clock?: Clock } = {},
): Promise<OpenRoot> {
  const ca = await readCa(home, parseCaName(name));
  const chain = storedChain(ca);
  const at = isoSeconds((options.clock ?? systemClock).now());
  checkChain(chain, { authoritiesBelow: 1, at });
  if (ca.token !== undefined) return await tokenRoot(chain, ca.token, credentials);
  if (ca.keyFile === undefined) {
    throw new KeylineError('not-found', {
      message: `the private key of root ${name} is not in ${home.path}`,
      hint: 'Import the root with its key, or have the issuing CA certified by a request (CSR).',
    });
  }
  using text = await decryptFile(ca.keyFile, credentials);
  const key = readCaKey(text);
  requireKeyOf(chain[0] ?? new Uint8Array(), key);
  return { chain, signer: keySigner(key), [Symbol.asyncDispose]: () => Promise.resolve() };
}

async function tokenRoot(
  chain: readonly Uint8Array[],
  token: CaToken,
  credentials: Credentials,
): Promise<OpenRoot> {
  const { openTokenSigner } = await import('../keystore/pkcs11/token-signer.ts');
  const choice = { module: token.module, serial: token.tokenSerial };
  const { spki } = readCertificate(chain[0] ?? new Uint8Array());
  const signer = await openTokenSigner(choice, spki, credentials);
  return {
    chain,
    signer,
    [Symbol.asyncDispose]: () => {
      signer[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}
