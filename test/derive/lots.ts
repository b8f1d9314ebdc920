import { readFileSync } from 'node:fs';
import { Secret } from '../../src/kernel/secret.ts';
import { deriveBlockSecret, deriveIssuerSeed, p256Scalar } from '../../src/model/hierarchy.ts';
import type { LotId, ProvisioningKey } from '../../src/model/ids.ts';
import type { Lot, Scheme, X509Profile } from '../../src/model/lot.ts';
import type { LotSecrets } from '../../src/model/lot-secrets.ts';
import { INDEX_LIMIT } from '../../src/model/range.ts';

/** One unit of the published vectors. */
export interface VectorUnit {
  readonly index: number;
  readonly endpointKey: string;
  readonly claimCode: string;
  readonly claimDigestHex: string;
  readonly endpointSecret?: string;
  readonly privateKey?: string;
  readonly publicKeySpki?: string;
  readonly x509SerialHex?: string;
}

/** One lot of the published vectors. */
export interface VectorLot {
  readonly lotId: LotId;
  readonly lotSecretHex: string;
  readonly azureGroupKey: string;
  readonly psk: readonly VectorUnit[];
  readonly ed25519: readonly VectorUnit[];
  readonly p256: readonly VectorUnit[];
}

/** fixtures/vectors/keyline-v1.json: made with node:crypto, agreed by @noble and @scure. */
export const VECTORS = JSON.parse(
  readFileSync(new URL('../../fixtures/vectors/keyline-v1.json', import.meta.url), 'utf8'),
) as { readonly provisioningKey: ProvisioningKey; readonly lots: readonly [VectorLot, VectorLot] };

/** Certificates of unit 1 of each vector lot, by @peculiar/x509 and @noble/curves: DER in base64. */
export const CERTIFICATES = (
  JSON.parse(
    readFileSync(new URL('../../fixtures/certificates/keyline-v1.json', import.meta.url), 'utf8'),
  ) as { readonly chains: readonly CertificateVector[] }
).chains;

/** One chain of fixtures/certificates/keyline-v1.json. */
export interface CertificateVector {
  readonly lotId: LotId;
  readonly index: number;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly root: string;
  readonly issuing: string;
  readonly certificate: string;
}

/** The profile of a vector lot. */
function profileOf(lotId: LotId): X509Profile {
  const vector = CERTIFICATES.find((chain) => chain.lotId === lotId);
  if (!vector) throw new Error('no chain for that lot');
  const { issuing, root, notBefore, notAfter } = vector;
  return { subject: 'endpoint-key', chain: [issuing, root], notBefore, notAfter };
}

/** A lot as large as a lot can be, of the first vector lot unless another is named. */
export function testLot(scheme: Scheme, changes: Partial<Lot> = {}): Lot {
  const { lotId = VECTORS.lots[0].lotId } = changes;
  return {
    lotId,
    code: 'A1',
    provisioningKey: VECTORS.provisioningKey,
    scheme,
    size: INDEX_LIMIT - 4096,
    spare: 4096,
    serialTemplate: 'ACME-A1-{n:15}',
    firstNumber: 0,
    model: 'Sensor, "two" inch',
    createdAt: '2026-01-01T00:00:00Z',
    ...(scheme === 'x509-p256' && { x509: profileOf(lotId) }),
    ...changes,
  };
}

/** Everything of a lot, from its secret; counts what it lends, so that a test can see it wiped. */
export class TestSecrets implements LotSecrets {
  readonly ranges = [{ from: 0, count: INDEX_LIMIT }];
  readonly lent: Secret[] = [];
  readonly #lotSecret: Uint8Array;
  readonly #more: { readonly issuer?: Uint8Array; readonly group?: Uint8Array };

  constructor(
    lotSecret: Uint8Array,
    more: { readonly issuer?: Uint8Array; readonly group?: Uint8Array } = {},
  ) {
    this.#lotSecret = lotSecret;
    this.#more = more;
  }

  blockSecret(block: number): Secret {
    using lotSecret = Secret.copyOf(this.#lotSecret);
    return this.#lend(deriveBlockSecret(lotSecret, block));
  }

  issuerKey(): Secret | undefined {
    return this.#more.issuer && this.#lend(Secret.copyOf(this.#more.issuer));
  }

  groupKey(): Secret | undefined {
    return this.#more.group && this.#lend(Secret.copyOf(this.#more.group));
  }

  certificate(): undefined {
    return undefined;
  }

  deviceKey(): undefined {
    return undefined;
  }

  [Symbol.dispose](): void {
    // The test owns the bytes.
  }

  #lend(secret: Secret): Secret {
    this.lent.push(secret);
    return secret;
  }
}

/** The secrets of a vector lot. */
export function vectorSecrets(lot: VectorLot): TestSecrets {
  const lotSecret = Uint8Array.from(Buffer.from(lot.lotSecretHex, 'hex'));
  using secret = Secret.copyOf(lotSecret);
  using seed = deriveIssuerSeed(secret);
  using scalar = p256Scalar(seed);
  return new TestSecrets(lotSecret, {
    group: Uint8Array.from(Buffer.from(lot.azureGroupKey, 'base64')),
    issuer: scalar.use((bytes) => Uint8Array.from(bytes)),
  });
}

/** What a grant leaves of a lot: block secrets, and tables where the owner has keys. */
export function grantedSecrets(
  lot: VectorLot,
  tables: {
    readonly certificates?: ReadonlyMap<number, Uint8Array>;
    readonly deviceKeys?: ReadonlyMap<number, Uint8Array>;
  },
): LotSecrets {
  const owner = vectorSecrets(lot);
  return {
    ranges: owner.ranges,
    blockSecret: (block) => owner.blockSecret(block),
    issuerKey: () => undefined,
    groupKey: () => undefined,
    certificate: (index) => tables.certificates?.get(index),
    deviceKey(index) {
      const key = tables.deviceKeys?.get(index);
      return key && Secret.copyOf(key);
    },
    [Symbol.dispose]: () => undefined,
  };
}
