import type { KeyObject } from 'node:crypto';
import { refuseWideMode } from '../home/home.ts';
import type { Home } from '../home/home.ts';
import { readStation } from '../home/station-store.ts';
import { toBase64 } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { Secret } from '../kernel/secret.ts';
import { decryptFile, decryptWithIdentities } from '../keystore/age-file.ts';
import { unarmor } from '../keystore/age-envelope.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { identityText, parseStationSecrets } from '../keystore/station-secrets.ts';
import type { StationSecrets } from '../keystore/station-secrets.ts';
import { ed25519PrivateKey, spkiOf } from '../model/hierarchy.ts';
import type { StationCard } from '../seals/station-card.ts';

/** This machine's station, its secrets opened until it is disposed. */
export interface Station extends Disposable {
  readonly card: StationCard;
  /** The card as it was signed. */
  readonly cardJws: string;
  /** Ed25519; seals what this station makes. */
  readonly signingKey: KeyObject;
  /**
   * The plaintext of an age file for this station, a grant; the caller wipes it. Throws `grant-foreign`
   * where it is for another station, `grant-invalid` where it was altered.
   */
  decrypt(ageFile: Uint8Array): Promise<Uint8Array>;
}

/**
 * Opens this machine's station and proves that its secrets are those of its card. Throws `no-station`,
 * `no-passphrase`, `wrong-passphrase`, `key-damaged`, `key-mismatch`, `home-unsafe`.
 */
export async function openStation(home: Home, credentials: Credentials): Promise<Station> {
  const { card, cardJws } = await readStation(home);
  await refuseWideMode(home.stationFile);
  using text = await decryptFile(home.stationFile, credentials);
  const secrets = parseStationSecrets(text);
  if (secrets === undefined) {
    throw new KeylineError('key-damaged', {
      message: `${home.stationFile} does not hold a station’s secrets`,
      hint: 'Make the station anew with `keyline station init` and ask for new grants.',
      facts: { path: home.stationFile },
    });
  }
  const signingKey = ed25519PrivateKey(secrets.seed);
  const { identityToRecipient } = await import('age-encryption');
  const recipient = await identityToRecipient(identityText(secrets));
  if (toBase64(spkiOf(signingKey)) !== card.stationKey || recipient !== card.recipient) {
    secrets[Symbol.dispose]();
    throw new KeylineError('key-mismatch', {
      message: `the secrets in ${home.stationFile} belong to another station than its card`,
      facts: { path: home.stationFile },
    });
  }
  return {
    card,
    cardJws,
    signingKey,
    decrypt: (ageFile) => decryptGrant(ageFile, secrets, card.name),
    [Symbol.dispose]: () => {
      secrets[Symbol.dispose]();
    },
  };
}

async function decryptGrant(
  ageFile: Uint8Array,
  secrets: StationSecrets,
  stationName: string,
): Promise<Uint8Array> {
  const name = 'the grant';
  const options = { name, damaged: 'grant-invalid', refused: name } as const;
  const binary = await unarmor({ name, content: Secret.copyOf(ageFile) }, options);
  try {
    using plain = await decryptWithIdentities(binary, [identityText(secrets)], options);
    return plain.use((bytes) => Uint8Array.from(bytes));
  } catch (error) {
    if (!(error instanceof KeylineError) || error.code !== 'wrong-passphrase') throw error;
    throw new KeylineError('grant-foreign', {
      message: `the grant is not for this station, ${JSON.stringify(stationName)}`,
    });
  }
}
