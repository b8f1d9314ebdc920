import type { Home } from '../home/home.ts';
import { sha256 } from '../custody/chain.ts';
import { p256SpkiIn } from '../custody/cose-key.ts';
import { signFirstStatement } from '../custody/statement.ts';
import { fromBase64, toBase64, toHex } from '../kernel/bytes.ts';
import { isoSeconds } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { manufacturerPrivateKey } from '../keystore/manufacturer-key.ts';
import { openKey } from '../keystore/open-key.ts';
import type { OpenKey } from '../keystore/open-key.ts';
import { cannot } from '../registry/cannot.ts';
import type { Registry } from '../registry/registry.ts';
import { signKeyProof } from '../seals/key-proof.ts';

/** A key that the account holds now. */
export interface AddedKey {
  readonly provisioningKey: string;
  readonly registry: string;
  readonly account: string;
  /** SHA-256 of the account's owner key (SPKI), hexadecimal, where its devices were given to one. */
  readonly ownerKey?: string;
}

/**
 * Proves to a registry that this home has the key, so that its account holds it, and signs the statement
 * that gives the key's devices to the account's owner key; nothing of the secret leaves. Again it changes
 * nothing but what was missing. Throws what `openKey` throws, `key-taken`, `proof-refused`,
 * `test-key-refused`, `delegation-refused`, `registry-cannot`.
 */
export async function addRegistryKey(
  home: Home,
  reference: string | undefined,
  { registry, credentials }: { readonly registry: Registry; readonly credentials: Credentials },
): Promise<AddedKey> {
  const { keyProofs } = registry;
  if (!keyProofs) throw cannot(registry, 'takes no proofs of keys');
  await using key = await openKey(home, reference, credentials);
  const { nonce, account, ownerKey, expiresAt } = await keyProofs.challenge();
  const { card } = key;
  const proof = await signKeyProof(
    {
      // The address that the person named: a registry that poses as another gains nothing by the proof.
      ...{ registry: registry.url, account, nonce },
      expiresAt: isoSeconds(new Date(expiresAt)),
      manufacturerKey: card.manufacturerKey,
      ...(card.test && { test: true }),
    },
    await key.sealKey(),
  );
  const { label } = card;
  const owner = ownerKey === undefined ? undefined : readOwnerKey(ownerKey);
  const delegation = owner && (await signDelegation(key, owner));
  const { id } = await keyProofs.add(proof, { label, delegation });
  const added = { provisioningKey: id, registry: registry.url, account };
  return owner ? { ...added, ownerKey: toHex(sha256(owner)) } : added;
}

/** By the manufacturer key, whose digest its devices have as their trust anchor. */
async function signDelegation(key: OpenKey, owner: Uint8Array): Promise<string> {
  const { provisioningKey } = key.card;
  const manufacturer = await manufacturerPrivateKey(key);
  return toBase64(signFirstStatement({ provisioningKey, owner }, manufacturer));
}

function readOwnerKey(text: string): Uint8Array {
  const owner = p256SpkiIn(fromBase64(text) ?? new Uint8Array());
  if (owner) return owner;
  throw new KeylineError('registry-failed', {
    message: 'what the registry calls the account’s owner key is no P-256 key',
  });
}
