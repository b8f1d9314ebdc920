import { generateKeyPairSync } from 'node:crypto';
import { signAuthority } from '../derive/x509/authority.ts';
import { formatCertificates } from '../derive/x509/certificate-file.ts';
import {
  authorityKeyIdentifier,
  authorityUsage,
  keyIdentifier,
  subjectKeyIdentifier,
} from '../derive/x509/extensions.ts';
import { distinguishedName } from '../derive/x509/name.ts';
import { keySigner } from '../derive/x509/root-signer.ts';
import { NO_EXPIRY } from '../derive/x509/time.ts';
import { parseCaName, readCa, refuseKnownCa, writeCa } from '../home/ca-store.ts';
import type { Home } from '../home/home.ts';
import { isoSeconds, systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { encrypt } from '../keystore/age-file.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { chooseProtection, disposeProtection } from '../keystore/protection.ts';
import { P256_SPKI_PREFIX } from '../model/key-encoding.ts';
import { spkiOf } from '../model/hierarchy.ts';
import { caCard } from './ca-card.ts';
import type { CaCard } from './ca-card.ts';
import { formatCaKey } from './ca-key.ts';

/** What a person decides about a new root. */
export interface CaChoices {
  readonly name: string;
  /** The subject's common name; the root's name where left out. */
  readonly commonName?: string;
  /** ISO 8601 UTC; without an end where left out. */
  readonly notAfter?: string;
  /** `age1…`, who opens the key file; else the credentials' own. */
  readonly recipients: readonly string[];
  readonly clock?: Clock;
}

/**
 * Makes a P-256 root, signed by itself, and keeps it in the home. Throws `already-exists`,
 * `no-passphrase`, `invalid-recipient`, and `certificate-invalid` for a name or end that cannot be.
 */
export async function createCa(
  home: Home,
  choices: CaChoices,
  credentials: Credentials | undefined,
): Promise<CaCard> {
  const name = parseCaName(choices.name);
  // Asked and encrypted before the lock, so that nobody waits for a person or for scrypt.
  await refuseKnownCa(home, name);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const spki = spkiOf(privateKey);
  const keyId = keyIdentifier(spki.subarray(P256_SPKI_PREFIX.length));
  const subject = distinguishedName({ commonName: choices.commonName ?? name });
  const certificate = await signAuthority(
    {
      issuer: subject,
      notBefore: isoSeconds((choices.clock ?? systemClock).now()),
      notAfter: choices.notAfter ?? NO_EXPIRY,
      subject,
      spki,
      extensions: [...authorityUsage(), subjectKeyIdentifier(keyId), authorityKeyIdentifier(keyId)],
    },
    keySigner(privateKey),
  );
  const purpose = `New passphrase for the root ${name}`;
  const protection = await chooseProtection(choices.recipients, credentials, purpose);
  try {
    using text = formatCaKey(privateKey);
    const key = await encrypt(text, protection);
    await writeCa(home, name, { certificates: formatCertificates([certificate]), key });
  } finally {
    disposeProtection(protection);
  }
  return caCard(await readCa(home, name));
}
