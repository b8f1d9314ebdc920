/** What goes wrong on a memory port's way to its reader; everything by count, so that a run repeats. */
export interface MemoryFaults {
  /** Every n-th byte is lost. */
  readonly dropEvery?: number;
  /** After every n-th byte comes one that nobody sent. */
  readonly noiseEvery?: number;
  /** Each byte comes alone, in a turn of the event loop of its own. */
  readonly isSlow?: boolean;
  /** Nothing comes any more. */
  readonly isSilent?: boolean;
  /** Unplugged once the device has sent this many bytes in all. */
  readonly unplugAfterSent?: number;
  /** Unplugged once the device was sent this many bytes in all. */
  readonly unplugAfterReceived?: number;
  /** The device takes no bytes; a write never ends. */
  readonly isBlocked?: boolean;
}

/** A byte that no text holds. */
const NOISE = 0xfe;

/** The device's bytes as they arrive; `sentBytes` counts those before. */
export function disturb(bytes: Uint8Array, faults: MemoryFaults, sentBytes: number): Uint8Array {
  if (faults.isSilent) return new Uint8Array();
  const { dropEvery, noiseEvery } = faults;
  const arrived: number[] = [];
  bytes.forEach((byte, at) => {
    const place = sentBytes + at + 1;
    if (dropEvery === undefined || place % dropEvery !== 0) arrived.push(byte);
    if (noiseEvery !== undefined && place % noiseEvery === 0) arrived.push(NOISE);
  });
  return Uint8Array.from(arrived);
}
