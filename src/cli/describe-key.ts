import type { KeyCard } from '../keystore/key-card.ts';
import { facts } from './table.ts';

/** What is public of a key, for people. */
export function describeKey(card: KeyCard): string {
  return facts([
    ['provisioning key', card.provisioningKey],
    ['label', card.label],
    ['use', card.test ? `${card.use}, test` : card.use],
    ['created', card.createdAt],
    ['retired', card.retiredAt],
    ['kept', describeHome(card.home)],
    ['seal key', card.sealKey],
    ['manufacturer key', card.manufacturerKey],
  ]);
}

/** Where the secret of a key is, in a few words. */
export function describeHome(home: KeyCard['home']): string {
  switch (home.type) {
    case 'file':
      return home.protection === 'passphrase'
        ? 'in a file with a passphrase'
        : `in a file for ${(home.recipients ?? []).join(', ')}`;
    case 'pkcs11':
      return `in the PKCS#11 token ${home.tokenSerial}, slot ${home.slot}`;
    case 'memory':
      return 'in memory only';
  }
}
