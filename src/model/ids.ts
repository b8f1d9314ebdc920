import { fromCrockford, toCrockford } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** `kp_` and 26 characters: the public name of a provisioning secret. */
export type ProvisioningKey = Branded<'kp'>;
/** `kl_` and 26 characters: 16 random bytes that name a lot. */
export type LotId = Branded<'kl'>;
/** `ek_` and 26 characters: the public name of a unit's credential, and its commitment. */
export type EndpointKey = Branded<'ek'>;

/** The 16 bytes that one of the three ids stands for. */
export function idBytes(id: ProvisioningKey | LotId | EndpointKey): Uint8Array {
  const bytes = fromCrockford(id.slice(3));
  if (bytes?.length !== 16) throw new Error('an id was made without its parser');
  return bytes;
}

/** The provisioning key with these 16 bytes. */
export function provisioningKeyOf(bytes: Uint8Array): ProvisioningKey {
  return `kp_${toCrockford(bytes)}` as ProvisioningKey;
}

/** The lot id with these 16 bytes. */
export function lotIdOf(bytes: Uint8Array): LotId {
  return `kl_${toCrockford(bytes)}` as LotId;
}

/** The endpoint key with these 16 bytes. */
export function endpointKeyOf(bytes: Uint8Array): EndpointKey {
  return `ek_${toCrockford(bytes)}` as EndpointKey;
}

/** True for a canonical id with this prefix; padding bits must be zero. */
export function isId(prefix: 'kp' | 'kl' | 'ek', text: string): boolean {
  return text.startsWith(`${prefix}_`) && fromCrockford(text.slice(3))?.length === 16;
}

/** Parses a provisioning key. Throws `invalid-provisioning-key`. */
export function parseProvisioningKey(text: string): ProvisioningKey {
  if (isId('kp', text)) return text as ProvisioningKey;
  throw new KeylineError('invalid-provisioning-key', { message: 'not a provisioning key' });
}

/** Parses a lot id. Throws `not-found`, as no lot can have that id. */
export function parseLotId(text: string): LotId {
  if (isId('kl', text)) return text as LotId;
  throw new KeylineError('not-found', { message: 'not a lot id' });
}

/** Parses an endpoint key, or returns undefined. */
export function parseEndpointKey(text: string): EndpointKey | undefined {
  return isId('ek', text) ? (text as EndpointKey) : undefined;
}
