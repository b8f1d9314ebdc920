import { createHash, randomBytes } from 'node:crypto';
import { selfSignedIssuingCa } from '../derive/x509/issuing-ca.ts';
import { KeylineError } from '../kernel/errors.ts';
import { labelled } from '../kernel/hkdf.ts';
import { Secret } from '../kernel/secret.ts';
import { readSecretFile } from '../keystore/read-input.ts';
import {
  deriveIssuerSeed,
  deriveLotSecret,
  deriveSealKey,
  p256Scalar,
  provisioningKeyOfSeal,
  softwareExpander,
  spkiOf,
} from '../model/hierarchy.ts';
import { lotIdOf } from '../model/ids.ts';
import type { LotId } from '../model/ids.ts';
import type { Lot, Scheme, X509Profile } from '../model/lot.ts';
import { ownerSecrets } from '../model/owner-secrets.ts';
import { sealLot } from '../seals/lot-descriptor.ts';
import type { OpenLot } from './open-lot.ts';

/** What a person decides about a test batch. */
export interface BatchChoices {
  readonly count: number;
  readonly scheme: Scheme;
  /** The same file gives the same batch; random without one. */
  readonly seedFile?: string | undefined;
}

/** When every test batch was made, so that the same seed gives the same bytes. */
export const BATCH_TIME = '2026-01-01T00:00:00Z';

const MAX_COUNT = 100_000_000;
const MIN_SEED_BYTES = 16;

/**
 * A lot under a throw-away key that is kept nowhere, marked as a test in its descriptor and its
 * seals. Its first units are the same however many there are. Throws `usage` for a seed file that
 * is too short, `not-found` for one that is missing.
 */
export async function openBatch({ count, scheme, seedFile }: BatchChoices): Promise<OpenLot> {
  if (!Number.isSafeInteger(count) || count < 1 || count > MAX_COUNT) {
    throw new KeylineError('usage', { message: `a batch has 1 to ${MAX_COUNT} units` });
  }
  using seed = await readSeed(seedFile);
  using provisioningSecret = Secret.take(seedDigest('keyline batch secret', seed));
  const expander = softwareExpander(provisioningSecret);
  const sealKey = await deriveSealKey(expander);
  const lotId = lotIdOf(seedDigest(`keyline batch lot ${scheme}`, seed).subarray(0, 16));
  const lotSecret = await deriveLotSecret(expander, lotId);
  const lot: Lot = {
    lotId,
    code: 'TEST',
    provisioningKey: provisioningKeyOfSeal(spkiOf(sealKey)),
    scheme,
    size: count,
    spare: 0,
    // Lower case, which every scheme's registration ids allow.
    serialTemplate: 'test-{n:8}',
    firstNumber: 0,
    ...(scheme === 'x509-p256' && { x509: await testProfile(lotSecret, lotId) }),
    ...(scheme === 'azure-dps' && { azureGroupKey: 'derived' as const }),
    createdAt: BATCH_TIME,
    test: true,
  };
  const descriptor = await sealLot(lot, sealKey);
  const signer = { key: sealKey, lot: descriptor };
  const secrets = ownerSecrets(lot, lotSecret);
  return {
    lot,
    descriptor,
    secrets,
    by: 'owner',
    signer,
    grants: [],
    signerFor: () => signer,
    warnings: [],
    [Symbol.asyncDispose]() {
      secrets[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

async function readSeed(path: string | undefined): Promise<Secret> {
  if (path === undefined) return Secret.take(Uint8Array.from(randomBytes(32)));
  const seed = await readSecretFile(path);
  if (seed.length >= MIN_SEED_BYTES) return seed;
  seed[Symbol.dispose]();
  throw new KeylineError('usage', {
    message: `the seed file ${path} has fewer than ${MIN_SEED_BYTES} bytes`,
    hint: 'Make one with: head -c 32 /dev/urandom > seed',
    facts: { path },
  });
}

function seedDigest(label: string, seed: Secret): Uint8Array {
  return seed.use((bytes) =>
    Uint8Array.from(createHash('sha256').update(labelled(label, bytes)).digest()),
  );
}

async function testProfile(lotSecret: Secret, lotId: LotId): Promise<X509Profile> {
  const notAfter = '9999-12-31T23:59:59Z';
  using issuerSeed = deriveIssuerSeed(lotSecret);
  using issuerKey = p256Scalar(issuerSeed);
  const name = { lotId, code: 'TEST' };
  const chain = await selfSignedIssuingCa(issuerKey, { name, notBefore: BATCH_TIME, notAfter });
  return { subject: 'endpoint-key', chain, notBefore: BATCH_TIME, notAfter };
}
