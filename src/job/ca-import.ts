import { formatCertificates, parseCertificates } from '../derive/x509/certificate-file.ts';
import { checkChain } from '../derive/x509/chain.ts';
import { keySigner } from '../derive/x509/root-signer.ts';
import { readCertificate } from '../derive/x509/certificate-reader.ts';
import type { CaToken } from '../home/ca-store.ts';
import { parseCaName, readCa, refuseKnownCa, writeCa } from '../home/ca-store.ts';
import type { Home } from '../home/home.ts';
import { isoSeconds, systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { Secret } from '../kernel/secret.ts';
import { encrypt } from '../keystore/age-file.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { chooseProtection, disposeProtection } from '../keystore/protection.ts';
import type { TokenAddress } from '../keystore/pkcs11/token-address.ts';
import { caCard } from './ca-card.ts';
import type { CaCard } from './ca-card.ts';
import { formatCaKey, readCaKey, requireKeyOf } from './ca-key.ts';

/** A root that was made elsewhere. */
export interface CaImport {
  readonly name: string;
  /** Contents of a file: PEM, the root's own certificate first, then its issuers; or one in DER. */
  readonly certificates: Uint8Array;
  /** Contents of a private key file, which stays the caller's; or the token that holds the key. */
  readonly key: Secret | TokenAddress;
  /** `age1…`, who opens the key file; else the credentials' own. */
  readonly recipients: readonly string[];
  readonly clock?: Clock;
}

/**
 * Keeps a root that was made elsewhere. Throws `certificate-invalid` for a certificate that is no
 * CA's, may certify no CA below it, is not valid now or has another key; `already-exists`;
 * `no-passphrase`, `invalid-recipient`, `pkcs11-unavailable`, `pkcs11-failed`.
 */
export async function importCa(
  home: Home,
  root: CaImport,
  credentials: Credentials | undefined,
): Promise<CaCard> {
  const name = parseCaName(root.name);
  await refuseKnownCa(home, name);
  const chain = parseCertificates(root.certificates);
  const at = isoSeconds((root.clock ?? systemClock).now());
  checkChain(chain, { authoritiesBelow: 1, at });
  if (!(root.key instanceof Secret)) {
    const { spki } = readCertificate(chain[0] ?? new Uint8Array());
    const token = await findInToken(root.key, spki, credentials ?? {});
    await writeCa(home, name, { certificates: formatCertificates(chain), key: token });
    return caCard(await readCa(home, name));
  }
  const key = readCaKey(root.key);
  requireKeyOf(chain[0] ?? new Uint8Array(), key);
  keySigner(key); // refuses a kind of key that signs no certificates
  const purpose = `New passphrase for the root ${name}`;
  const protection = await chooseProtection(root.recipients, credentials, purpose);
  try {
    using text = formatCaKey(key);
    const encrypted = await encrypt(text, protection);
    await writeCa(home, name, { certificates: formatCertificates(chain), key: encrypted });
  } finally {
    disposeProtection(protection);
  }
  return caCard(await readCa(home, name));
}

/** The token's lasting name, once it has signed with the key of the certificate. */
async function findInToken(
  address: TokenAddress,
  spki: Uint8Array,
  credentials: Credentials,
): Promise<CaToken> {
  const { openTokenSigner } = await import('../keystore/pkcs11/token-signer.ts');
  using signer = await openTokenSigner(address, spki, credentials);
  return { module: address.module, tokenSerial: signer.token.serial };
}
