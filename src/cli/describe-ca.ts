import type { CaCard } from '../job/ca-card.ts';
import { facts } from './table.ts';

/** What is public of a root, for people. */
export function describeCa(card: CaCard): string {
  return facts([
    ['root', card.name],
    ['subject', card.subject],
    ['issuer', card.selfSigned ? 'itself' : 'another authority'],
    ['valid', `${card.notBefore} to ${card.notAfter}`],
    ['fingerprint', card.fingerprint],
    ['key', describeKeyPlace(card)],
  ]);
}

function describeKeyPlace(card: CaCard): string {
  if (card.token !== undefined) return `in the PKCS#11 token ${card.token}`;
  return card.hasKey ? 'in this home' : 'not in this home';
}
