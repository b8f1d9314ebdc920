import type { Home } from '../home/home.ts';
import { isoSeconds } from '../kernel/clock.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { openKey } from '../keystore/open-key.ts';
import type { Registry } from '../registry/registry.ts';
import { signKeyProof } from '../seals/key-proof.ts';

/** A key that the account holds now. */
export interface AddedKey {
  readonly provisioningKey: string;
  readonly registry: string;
  readonly account: string;
}

/**
 * Proves to a registry that this home has the key, so that its account holds it; nothing of the secret
 * leaves. Again it changes nothing. Throws what `openKey` throws, `key-taken`, `proof-refused`,
 * `test-key-refused`.
 */
export async function addRegistryKey(
  home: Home,
  reference: string | undefined,
  { registry, credentials }: { readonly registry: Registry; readonly credentials: Credentials },
): Promise<AddedKey> {
  await using key = await openKey(home, reference, credentials);
  const { nonce, account, expiresAt } = await registry.challenge();
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
  const { id } = await registry.addKey(proof, card.label);
  return { provisioningKey: id, registry: registry.url, account };
}
