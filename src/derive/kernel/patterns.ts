import { specialise } from './specialise.ts';
import type { Known, Pattern } from './specialise.ts';

/** The word after a message's end, FIPS 180-4 section 5.1.1. */
const END = 0x80000000;
const LANES: readonly Known[] = Array<Known>(8).fill('lane');

/** A 32-byte value as the second block of a message: the outer HMAC block, and an endpoint key's. */
const VALUE_BLOCK: readonly Known[] = [...LANES, END, 0, 0, 0, 0, 0, 0, 8 * (64 + 32)];

/** label || 00 || u64(index) || 01; of a block's units only the last three bytes of the index differ. */
const SECRET_BLOCK: readonly Known[] = [
  ...words('keyline/v1 endpoint-secret\0\0'),
  'uniform',
  'lane',
  ...[END, 0, 0, 0, 0, 0, 8 * (64 + 36)],
];

/** The three functions of the kernel. `Value` serves outer HMAC blocks and endpoint keys alike. */
export const PATTERNS: readonly Pattern[] = [
  { name: 'Inner', words: SECRET_BLOCK, state: 'uniform' },
  { name: 'Value', words: VALUE_BLOCK, state: 'uniform' },
  { name: 'Block', words: [...LANES, ...LANES], state: 'lane' },
];

/** What assembly/layout.ts leaves for the slots of one function. */
const SLOTS_BYTES = 1024;

/** The text of the module `compress`, which assembly/ imports from and build.js hands to the compiler. */
export function compressionText(): string {
  return PATTERNS.map((pattern) => {
    const { text, slotsBytes } = specialise(pattern);
    if (slotsBytes > SLOTS_BYTES) throw new RangeError(`${pattern.name} needs ${slotsBytes} bytes`);
    return text;
  }).join('\n');
}

/** ASCII text as big-endian words. */
function words(text: string): number[] {
  const view = new DataView(new TextEncoder().encode(text).buffer);
  return Array.from({ length: text.length / 4 }, (_, at) => view.getUint32(4 * at));
}
