import type { Home } from '../home/home.ts';
import { LotDrafts } from '../home/lot-drafts.ts';
import { LotStore } from '../home/lot-store.ts';
import { KeylineError } from '../kernel/errors.ts';
import { parsePem } from '../kernel/pem.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { openKey } from '../keystore/open-key.ts';
import { deriveLotSecret } from '../model/hierarchy.ts';
import type { Lot } from '../model/lot.ts';
import { sealLot } from '../seals/lot-descriptor.ts';
import { acceptChain } from './issuing-chain.ts';
import { refuseConflicts } from './serial-conflicts.ts';

/**
 * Finishes a lot that waited for its issuing CA's certificate: `pem` holds that certificate first,
 * then its issuers. Throws `not-found`, `certificate-invalid`, and what opening the key throws.
 */
export async function certifyLot(
  home: Home,
  request: { readonly lot: string; readonly pem: string },
  credentials: Credentials,
): Promise<Lot> {
  const drafts = new LotDrafts(home);
  const draft = await drafts.find(request.lot);
  if (!draft.x509) throw new Error('a draft has an x509 profile');
  const chain = certificatesOf(request.pem);
  await using key = await openKey(home, draft.provisioningKey, credentials);
  using lotSecret = await deriveLotSecret(key, draft.lotId);
  const x509 = { ...draft.x509, chain: await acceptChain(lotSecret, chain) };
  const lot: Lot = { ...draft, x509 };
  const descriptor = await sealLot(lot, await key.sealKey());
  await using _lock = await home.lock();
  await refuseConflicts(home, lot);
  await new LotStore(home).add(lot, descriptor);
  await drafts.remove(lot.lotId);
  return lot;
}

function certificatesOf(pem: string): Uint8Array[] {
  const certificates = parsePem(pem).filter(({ label }) => label === 'CERTIFICATE');
  if (certificates.length > 0) return certificates.map(({ bytes }) => bytes);
  throw new KeylineError('certificate-invalid', {
    message: 'the file holds no certificate in PEM',
    hint: 'Give the issued certificate and its issuers in PEM, one after the other.',
  });
}
