import { labelled } from '../kernel/hkdf.ts';
import type { Scheme } from '../model/lot.ts';
import { Commitment } from './commitment.ts';
import type { PublicKeyMaker } from './keys/public-key-maker.ts';
import { MidstateHmac } from './midstate-hmac.ts';
import type { Primitives } from './primitives.ts';

/** Primitives by @noble/hashes and @noble/curves. */
export async function openPortablePrimitives(scheme: Scheme): Promise<Primitives> {
  const publicKeys = await openPublicKeys(scheme);
  let commitment: Commitment | undefined;
  let block: MidstateHmac | undefined;
  return {
    publicKeys,
    setProvisioningKey(provisioningKey) {
      commitment?.[Symbol.dispose]();
      commitment = new Commitment(provisioningKey);
    },
    setBlock(blockSecret) {
      block?.[Symbol.dispose]();
      block = blockSecret.use((bytes) => new MidstateHmac(bytes));
    },
    expand(label, range, out) {
      if (!block) throw new Error('no block is set');
      const sizeBytes = out.length / range.count;
      for (let position = 0; position < range.count; position++) {
        const value = out.subarray(position * sizeBytes, (position + 1) * sizeBytes);
        expandOne(block, infoOf(label, range.from + position), value);
      }
    },
    commit(committed, out) {
      if (!commitment) throw new Error('no provisioning key is set');
      commitment.commit(committed, out);
    },
    [Symbol.dispose]() {
      block?.[Symbol.dispose]();
      commitment?.[Symbol.dispose]();
    },
  };
}

/** `label || 00 || u64(index)`. */
function infoOf(label: string, index: number): Uint8Array {
  const u64Index = new Uint8Array(8);
  const view = new DataView(u64Index.buffer);
  view.setUint32(0, Math.floor(index / 2 ** 32));
  view.setUint32(4, index >>> 0);
  return labelled(label, u64Index);
}

/** HKDF-Expand, RFC 5869 section 2.3, into `out`. */
function expandOne(mac: MidstateHmac, info: Uint8Array, out: Uint8Array): void {
  const message = new Uint8Array(32 + info.length + 1);
  message.set(info, 32);
  for (let done = 0, counter = 1; done < out.length; done += 32, counter++) {
    message[message.length - 1] = counter;
    mac.mac(done === 0 ? message.subarray(32) : message, message.subarray(0, 32));
    out.set(message.subarray(0, Math.min(32, out.length - done)), done);
  }
  message.fill(0);
}

/** The curves are loaded where they are needed alone: it takes them 28 ms. */
async function openPublicKeys(scheme: Scheme): Promise<PublicKeyMaker | undefined> {
  switch (scheme) {
    case 'psk':
    case 'azure-dps':
      return undefined;
    case 'ed25519': {
      const { ed25519 } = await import('@noble/curves/ed25519.js');
      return maker((seed) => ed25519.getPublicKey(seed));
    }
    case 'p256':
    case 'x509-p256': {
      const { p256 } = await import('@noble/curves/nist.js');
      return maker((scalar) => p256.getPublicKey(scalar, false));
    }
  }
}

function maker(publicKey: (privateKey: Uint8Array) => Uint8Array): PublicKeyMaker {
  return { name: '@noble/curves', publicKey, [Symbol.dispose]: () => undefined };
}
