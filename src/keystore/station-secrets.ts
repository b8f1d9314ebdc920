import { randomBytes } from 'node:crypto';
import { Type } from 'typebox';
import { Check } from 'typebox/value';
import { fromBase64Url, toBase64Url, utf8 } from '../kernel/bytes.ts';
import { Secret } from '../kernel/secret.ts';

/** What makes a station that one: disposed together. */
export interface StationSecrets extends Disposable {
  /** Ed25519 seed, 32 bytes. */
  readonly seed: Secret;
  /** `AGE-SECRET-KEY-1…` in ASCII. */
  readonly identity: Secret;
}

const Stored = Type.Object(
  {
    stationSeed: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
    ageIdentity: Type.String({ pattern: '^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$' }),
  },
  { additionalProperties: false },
);

/** New random ones. */
export async function createStationSecrets(): Promise<StationSecrets> {
  const { generateX25519Identity } = await import('age-encryption');
  const identity = Secret.take(utf8(await generateX25519Identity()));
  return bundle(Secret.take(Uint8Array.from(randomBytes(32))), identity);
}

/** The JSON that is kept inside an age file. */
export function formatStationSecrets(secrets: StationSecrets): Secret {
  const stationSeed = secrets.seed.use(toBase64Url);
  const ageIdentity = identityText(secrets);
  return Secret.take(utf8(JSON.stringify({ stationSeed, ageIdentity })));
}

/** What `formatStationSecrets` made, or undefined. */
export function parseStationSecrets(text: Secret): StationSecrets | undefined {
  const stored = text.use((bytes) => parse(new TextDecoder().decode(bytes)));
  if (!Check(Stored, stored)) return undefined;
  const seed = fromBase64Url(stored.stationSeed);
  return seed && bundle(Secret.take(seed), Secret.take(utf8(stored.ageIdentity)));
}

/** The identity for one call of the age library. */
export function identityText(secrets: StationSecrets): string {
  return secrets.identity.use((bytes) => new TextDecoder().decode(bytes));
}

function bundle(seed: Secret, identity: Secret): StationSecrets {
  return {
    seed,
    identity,
    [Symbol.dispose]: () => {
      seed[Symbol.dispose]();
      identity[Symbol.dispose]();
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // the parser's message would quote the secret
  }
}
