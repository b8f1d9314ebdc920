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
  const publicKeyBytes = ED25519_SPKI_PREFIX.length + 32;
  return {
    publicKeyBytes,
    fill({ from, count, secrets, publicKeys, endpointKeys }) {
      primitives.expand('keyline/v1 ed25519-seed', { from, count }, secrets);
      for (let position = 0; position < count; position++) {
        const seed = secrets.subarray(position * 32, (position + 1) * 32);
        publicKeys.set(ED25519_SPKI_PREFIX, position * publicKeyBytes);
        publicKeys.set(
          primitives.ed25519.publicKey(seed),
          position * publicKeyBytes + ED25519_SPKI_PREFIX.length,
        );
      }
      primitives.commit(publicKeys, endpointKeys);
    },
    [Symbol.dispose]: () => undefined,
  };
}

function p256Keys(primitives: Primitives): Credentials {
  const publicKeyBytes = P256_SPKI_PREFIX.length + 65;
  return {
    publicKeyBytes,
    fill({ from, count, secrets, publicKeys, endpointKeys }) {
      const seeds = new Uint8Array(count * 48);
      primitives.expand('keyline/v1 p256-scalar', { from, count }, seeds);
      scalarsOf(seeds, secrets);
      seeds.fill(0);
      for (let position = 0; position < count; position++) {
        const scalar = secrets.subarray(position * 32, (position + 1) * 32);
        publicKeys.set(P256_SPKI_PREFIX, position * publicKeyBytes);
        publicKeys.set(
          primitives.p256.publicKey(scalar),
          position * publicKeyBytes + P256_SPKI_PREFIX.length,
        );
      }
      primitives.commit(publicKeys, endpointKeys);
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
