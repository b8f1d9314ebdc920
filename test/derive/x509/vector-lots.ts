import { readFileSync } from 'node:fs';
import { fromBase64, fromBase64Url, fromHex } from '../../../src/kernel/bytes.ts';
import { Secret } from '../../../src/kernel/secret.ts';
import { deriveIssuerSeed, p256Scalar } from '../../../src/model/hierarchy.ts';
import type { LotId } from '../../../src/model/ids.ts';

/** One p256 unit of the vectors: private key as scalar, SPKI point and certificate serial number. */
export interface VectorUnit {
  readonly index: number;
  readonly endpointKey: string;
  readonly scalar: Uint8Array;
  readonly publicPoint: Uint8Array;
  readonly serialNumber: Uint8Array;
}

/** One lot of fixtures/vectors/keyline-v1.json, as far as certificates need it. */
export interface VectorLot {
  readonly lotId: LotId;
  readonly issuerSpki: Uint8Array;
  readonly issuerPoint: Uint8Array;
  readonly units: readonly VectorUnit[];
  issuerKey(): Secret;
}

interface File {
  lots: {
    lotId: LotId;
    lotSecretHex: string;
    x509CaPublicKeySpki: string;
    p256: {
      index: number;
      endpointKey: string;
      privateKey: string;
      publicKeySpki: string;
      x509SerialHex: string;
    }[];
  }[];
}

/** The lots of the vectors. */
export function vectorLots(): VectorLot[] {
  const file = JSON.parse(readFileSync('fixtures/vectors/keyline-v1.json', 'utf8')) as File;
  return file.lots.map((lot) => ({
    lotId: lot.lotId,
    issuerSpki: sure(fromBase64(lot.x509CaPublicKeySpki)),
    issuerPoint: sure(fromBase64(lot.x509CaPublicKeySpki)).subarray(26),
    units: lot.p256.map((unit) => ({
      index: unit.index,
      endpointKey: unit.endpointKey,
      scalar: sure(fromBase64Url(unit.privateKey.slice(3))),
      publicPoint: sure(fromBase64(unit.publicKeySpki)).subarray(26),
      serialNumber: sure(fromHex(unit.x509SerialHex)),
    })),
    issuerKey: () => {
      using lotSecret = Secret.take(sure(fromHex(lot.lotSecretHex)));
      using seed = deriveIssuerSeed(lotSecret);
      return p256Scalar(seed);
    },
  }));
}

function sure(bytes: Uint8Array | undefined): Uint8Array {
  if (!bytes) throw new Error('a vector is not encoded as expected');
  return bytes;
}
