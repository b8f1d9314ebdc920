import type { EndpointKey } from '../../model/ids.ts';
import { parseEndpointKey } from '../../model/ids.ts';
import type { DeviceMemoryContent } from './device-memory.ts';

/** Every endpoint key that stands as text anywhere in a device's flash, each once. For checkers of runs. */
export function endpointKeysIn({ flash }: Pick<DeviceMemoryContent, 'flash'>): EndpointKey[] {
  const keys = [...flash.values()].flatMap((bytes) => {
    const text = Buffer.from(bytes).toString('latin1');
    return (text.match(/ek_[0-9a-z]{26}/g) ?? []).flatMap((found) => parseEndpointKey(found) ?? []);
  });
  return [...new Set(keys)];
}

/** Whether the flash has these bytes anywhere: as they are, in hexadecimal, base64 or base64url. */
export function flashHolds(
  { flash }: Pick<DeviceMemoryContent, 'flash'>,
  bytes: Uint8Array,
): boolean {
  const wanted = Buffer.from(bytes);
  const forms = [
    wanted,
    ...(['hex', 'base64', 'base64url'] as const).map((form) => Buffer.from(wanted.toString(form))),
    Buffer.from(wanted.toString('hex').toUpperCase()),
  ];
  return [...flash.values()].some((stored) =>
    forms.some((form) => Buffer.from(stored).includes(form)),
  );
}
