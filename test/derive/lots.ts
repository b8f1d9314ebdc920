import { readFileSync } from 'node:fs';
import { Secret } from '../../src/kernel/secret.ts';
import { deriveBlockSecret } from '../../src/model/hierarchy.ts';
import type { LotId, ProvisioningKey } from '../../src/model/ids.ts';
import type { Lot, Scheme } from '../../src/model/lot.ts';
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

/** A lot as large as a lot can be, of the first vector lot unless another is named. */
export function testLot(scheme: Scheme, changes: Partial<Lot> = {}): Lot {
  return {
    lotId: VECTORS.lots[0].lotId,
    code: 'A1',
    provisioningKey: VECTORS.provisioningKey,
    scheme,
    size: INDEX_LIMIT - 4096,
    spare: 4096,
    serialTemplate: 'ACME-A1-{n:15}',
    firstNumber: 0,
    model: 'Sensor, "two" inch',
    createdAt: '2026-01-01T00:00:00Z',
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
  return new TestSecrets(Uint8Array.from(Buffer.from(lot.lotSecretHex, 'hex')), {
    group: Uint8Array.from(Buffer.from(lot.azureGroupKey, 'base64')),
  });
}
