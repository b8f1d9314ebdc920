import { randomBytes } from 'node:crypto';
import { toBase64, toBase64Url, toHex, utf8 } from '../../kernel/bytes.ts';
import { endpointKeyOf } from '../../model/ids.ts';
import type { DeviceProfile, ValueSource } from '../profile-model.ts';

/** The profile's values as somebody else's lot would give them: of the right form, and random. */
export function foreignValues(profile: DeviceProfile): ReadonlyMap<string, Uint8Array> {
  const secret = Uint8Array.from(randomBytes(32));
  const endpointKey = Uint8Array.from(randomBytes(16));
  return new Map(
    [...profile.values].map(([name, source]) => [name, valueOf(source, secret, endpointKey)]),
  );
}

function valueOf(source: ValueSource, secret: Uint8Array, endpointKey: Uint8Array): Uint8Array {
  if (source.kind === 'constant') return utf8(source.text);
  if (source.kind === 'trust-anchor') return source.format === 'raw' ? secret : utf8('foreign');
  const isKey = source.kind === 'column' && source.column === 'endpoint_key';
  const bytes = isKey ? endpointKey : secret;
  switch (source.format) {
    case 'raw':
      return Uint8Array.from(bytes);
    case 'hex':
      return utf8(toHex(bytes));
    case 'base64':
      return utf8(toBase64(bytes));
    case 'base64url':
      return utf8(toBase64Url(bytes));
    default:
      return utf8(isKey ? endpointKeyOf(bytes) : toBase64Url(bytes));
  }
}
