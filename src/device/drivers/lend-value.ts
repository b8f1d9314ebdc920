import type { DeviceValue } from '../values.ts';

/** Lends a copy of a value's bytes for the length of an asynchronous call, and wipes it then. */
export async function lendValue<T>(
  value: DeviceValue,
  borrow: (bytes: Uint8Array) => Promise<T>,
): Promise<T> {
  const copy = value.use((bytes) => Uint8Array.from(bytes));
  try {
    return await borrow(copy);
  } finally {
    copy.fill(0);
  }
}
