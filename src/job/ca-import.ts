import { formatCertificates, parseCertificates } from '../derive/x509/certificate-file.ts';
import { checkChain } from '../derive/x509/chain.ts';
import { keySigner } from '../derive/x509/root-signer.ts';
import { parseCaName, readCa, refuseKnownCa, writeCa } from '../home/ca-store.ts';
import type { Home } from '../home/home.ts';
import { isoSeconds, systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Secret } from '../kernel/secret.ts';
import { encrypt } from '../keystore/age-file.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { chooseProtection, disposeProtection } from '../keystore/protection.ts';
import { caCard } from './ca-card.ts';
import type { CaCard } from './ca-card.ts';
import { formatCaKey, readCaKey, requireKeyOf } from './ca-key.ts';

/** A root that was made elsewhere. */
export interface CaImport {
  readonly name: string;
  /** Contents of a file: PEM, the root's own certificate first, then its issuers; or one in DER. */
  readonly certificates: Uint8Array;
  /** Contents of a private key file; stays the caller's. */
  readonly key: Secret;
  /** `age1…`, who opens the key file; else the credentials' own. */
  readonly recipients: readonly string[];
  readonly clock?: Clock;
}

/**
 * Keeps a root that was made elsewhere. Throws `certificate-invalid` for a certificate that is no
 * CA's, may certify no CA below it, is not valid now or has another key; `already-exists`;
 * `no-passphrase`, `invalid-recipient`.
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
