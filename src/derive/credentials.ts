import { ED25519_SPKI_PREFIX, P256_SPKI_PREFIX } from '../model/key-encoding.ts';
import type { UnitNeeds } from '../model/unit.ts';
import { createCertificates } from './certificates.ts';
import { createDeviceKeys } from './device-keys.ts';
import type { DeriveSource } from './derive-source.ts';
import type { LentBatch } from './lent-batch.ts';
import { scalarsOf } from './p256-scalars.ts';
import type { Primitives } from './primitives.ts';

/** One lot's scheme: fills secrets, public keys, certificates and endpoint keys of a batch. */
export interface Credentials extends Disposable {
  /** Of a unit's SPKI; 0 for a shared secret. */
  readonly publicKeyBytes: number;
  fill(batch: LentBatch): void;
}

/** The credentials of the lot's scheme, over primitives whose block is set before each filling. */
export function createCredentials(
  source: DeriveSource,
  primitives: Primitives,
  needs: UnitNeeds,
): Credentials {
  switch (source.lot.scheme) {
    case 'psk':
      return sharedSecrets(primitives);
    case 'azure-dps':
      return deviceKeys(source, primitives);
    case 'ed25519':
      return ed25519Keys(primitives);
    case 'p256':
      return p256Keys(primitives);
    case 'x509-p256':
      return needs.certificate ? certified(source, primitives) : p256Keys(primitives);
  }
}

function sharedSecrets(primitives: Primitives): Credentials {
  return {
    publicKeyBytes: 0,
    fill(batch) {
      primitives.expand('keyline/v1 endpoint-secret', batch, batch.secrets);
      primitives.commit(batch.secrets, batch.endpointKeys);
    },
    [Symbol.dispose]: () => undefined,
  };
}

function deviceKeys(source: DeriveSource, primitives: Primitives): Credentials {
  const keys = createDeviceKeys(source);
  return {
    publicKeyBytes: 0,
    fill(batch) {
      keys.fill(batch, batch.secrets);
      primitives.commit(batch.secrets, batch.endpointKeys);
    },
    [Symbol.dispose]() {
      keys[Symbol.dispose]();
    },
  };
}

function ed25519Keys(primitives: Primitives): Credentials {
  return keyPairs(primitives, ED25519_SPKI_PREFIX, {
    publicKeyBytes: ED25519_SPKI_PREFIX.length + 32,
    fillSecrets({ from, count, secrets }) {
      primitives.expand('keyline/v1 ed25519-seed', { from, count }, secrets);
    },
  });
}

function p256Keys(primitives: Primitives): Credentials {
  return keyPairs(primitives, P256_SPKI_PREFIX, {
    publicKeyBytes: P256_SPKI_PREFIX.length + 65,
    fillSecrets({ from, count, secrets }) {
      const seeds = new Uint8Array(count * 48);
      primitives.expand('keyline/v1 p256-scalar', { from, count }, seeds);
      scalarsOf(seeds, secrets);
      seeds.fill(0);
    },
  });
}

/** `prefix` is what stands before the raw key in every SPKI. */
function keyPairs(
  primitives: Primitives,
  prefix: Uint8Array,
  kind: { readonly publicKeyBytes: number; fillSecrets(batch: LentBatch): void },
): Credentials {
  const maker = primitives.publicKeys;
  if (!maker) throw new Error('the primitives were opened for another scheme');
  const { publicKeyBytes } = kind;
  return {
    publicKeyBytes,
    fill(batch) {
      kind.fillSecrets(batch);
      const { secrets, publicKeys } = batch;
      for (let position = 0; position < batch.count; position++) {
        const privateKey = secrets.subarray(position * 32, (position + 1) * 32);
        publicKeys.set(prefix, position * publicKeyBytes);
        publicKeys.set(maker.publicKey(privateKey), position * publicKeyBytes + prefix.length);
      }
      primitives.commit(publicKeys, batch.endpointKeys);
    },
    [Symbol.dispose]: () => undefined,
  };
}

/** Keys as p256, and a certificate for each once its endpoint key is known. */
function certified(source: DeriveSource, primitives: Primitives): Credentials {
  const keys = p256Keys(primitives);
  const certificates = createCertificates(source);
  return {
    publicKeyBytes: keys.publicKeyBytes,
    fill(batch) {
      keys.fill(batch);
      const serials = new Uint8Array(batch.count * 16);
      primitives.expand('keyline/v1 x509-serial', batch, serials);
      batch.certificates = certificates.issue(batch, serials);
    },
    [Symbol.dispose]() {
      certificates[Symbol.dispose]();
    },
  };
}
