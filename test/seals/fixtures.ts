import { readFileSync } from 'node:fs';
import type { KeyObject } from 'node:crypto';
import { deriveSealKey, ed25519PrivateKey, softwareExpander } from '../../src/model/hierarchy.ts';
import { Secret } from '../../src/kernel/secret.ts';
import type { KeylineError } from '../../src/kernel/errors.ts';

/** A file of fixtures/seals as text. */
export function sealFixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/seals/${name}`, import.meta.url), 'utf8');
}

/** The seal key of the vectors' provisioning secret. */
export function ownerKey(): Promise<KeyObject> {
  const secret = Buffer.from('Q8AFQXPRH574PtefFrpDHgRvexPn13LntM7vIBJIxxI', 'base64url');
  return deriveSealKey(softwareExpander(Secret.take(secret)));
}

/** The secret key of RFC 8032 section 7.1, test 1. */
export function stationKey(): KeyObject {
  const seed = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
  return ed25519PrivateKey(Secret.take(Buffer.from(seed, 'hex')));
}

/** Some other Ed25519 key. */
export function otherKey(): KeyObject {
  return ed25519PrivateKey(Secret.take(Buffer.alloc(32, 7)));
}

/** The payload of a JWS, unverified. */
export function payloadOf(jws: string): Record<string, unknown> {
  const text = Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString();
  return JSON.parse(text) as Record<string, unknown>;
}

/** The same JWS with another header or payload and the old signature. */
export function withPart(jws: string, part: 0 | 1, change: (json: string) => string): string {
  const parts = jws.split('.');
  const json = Buffer.from(parts[part] ?? '', 'base64url').toString();
  parts[part] = Buffer.from(change(json)).toString('base64url');
  return parts.join('.');
}

/** The code and reason with which a promise fails. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    const { code, facts = {} } = error as Partial<KeylineError> & { code: string };
    return facts['reason'] === undefined ? code : `${code}: ${String(facts['reason'])}`;
  }
  return 'not refused';
}
