import type { Home } from '../home/home.ts';
import { refuseSecondStation, writeStation } from '../home/station-store.ts';
import type { StoredStation } from '../home/station-store.ts';
import { isoSeconds, systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { utf8 } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { encrypt } from '../keystore/age-file.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { chooseProtection, disposeProtection } from '../keystore/protection.ts';
import {
  createStationSecrets,
  formatStationSecrets,
  identityText,
} from '../keystore/station-secrets.ts';
import { ed25519PrivateKey } from '../model/hierarchy.ts';
import { openCardFile } from './station-show.ts';
import type { CardOutput } from './station-show.ts';
import { openStationCard, signStationCard } from '../seals/station-card.ts';

/** What a person decides about a station. */
export interface StationChoices {
  /** For people: one line of at most 64 characters. */
  readonly name: string;
  /** `age1…`, whoever else is to open the station's secrets. */
  readonly recipients: readonly string[];
  /** Where the card is written too. */
  readonly output?: CardOutput | undefined;
  readonly clock?: Clock;
}

/**
 * Makes this machine a station: an Ed25519 key, an age identity and the public card that names both.
 * Throws `already-exists`, `usage` for a name that cannot be one, `no-passphrase`, `invalid-recipient`.
 */
export async function initStation(
  home: Home,
  choices: StationChoices,
  credentials: Credentials | undefined,
): Promise<StoredStation> {
  const { name, recipients, output, clock = systemClock } = choices;
  if (!/^[^\p{C}]{1,64}$/u.test(name)) {
    throw new KeylineError('usage', {
      message: 'a station’s name is one line of 1 to 64 printable characters',
    });
  }
  await refuseSecondStation(home);
  await using file = await openCardFile(home, output, credentials);
  const protection = await chooseProtection(
    recipients,
    credentials,
    'New passphrase of this station',
  );
  try {
    using secrets = await createStationSecrets();
    const { identityToRecipient } = await import('age-encryption');
    const recipient = await identityToRecipient(identityText(secrets));
    const createdAt = isoSeconds(clock.now());
    const cardJws = await signStationCard(
      { recipient, name, createdAt },
      ed25519PrivateKey(secrets.seed),
    );
    using text = formatStationSecrets(secrets);
    const content = await encrypt(text, protection);
    await using _lock = await home.lock();
    await file?.write(utf8(`${cardJws}\n`));
    await file?.sync();
    await writeStation(home, cardJws, content);
    await file?.commit();
    return { card: await openStationCard(cardJws), cardJws };
  } finally {
    disposeProtection(protection);
  }
}
