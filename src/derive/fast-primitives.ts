import type { Scheme } from '../model/lot.ts';
import type { Kernel } from './kernel/host.ts';
import { createEd25519 } from './keys/ed25519.ts';
import { createP256 } from './keys/p256.ts';
import type { PublicKeyMaker } from './keys/public-key-maker.ts';
import type { Primitives } from './primitives.ts';

/** Primitives by the WebAssembly kernel, and public keys by node:crypto; the kernel becomes theirs. */
export function createFastPrimitives(kernel: Kernel, scheme: Scheme): Primitives {
  const publicKeys = createPublicKeys(scheme);
  return {
    publicKeys,
    setProvisioningKey(provisioningKey) {
      kernel.setProvisioningKey(provisioningKey);
    },
    setBlock(blockSecret) {
      kernel.setBlock(blockSecret);
    },
    expand(label, range, out) {
      kernel.expand(label, range, out);
    },
    commit(committed, out) {
      kernel.commit(committed, out);
    },
    [Symbol.dispose]() {
      publicKeys?.[Symbol.dispose]();
      kernel[Symbol.dispose]();
    },
  };
}

function createPublicKeys(scheme: Scheme): PublicKeyMaker | undefined {
  switch (scheme) {
    case 'psk':
    case 'azure-dps':
      return undefined;
    case 'ed25519':
      return createEd25519();
    case 'p256':
    case 'x509-p256':
      return createP256();
  }
}
