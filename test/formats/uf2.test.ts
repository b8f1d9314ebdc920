import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { parseUf2, uf2 } from '../../src/formats/uf2.ts';

const INVALID = expect.objectContaining({ code: 'image-invalid' }) as Error;
const RP2040 = 0xe48bff56;

describe('a UF2 file', () => {
  it('has the block that the format describes, byte by byte', () => {
    const file = Buffer.from(
      uf2({ address: 0x1010_0000, bytes: Uint8Array.of(1, 2, 3), familyId: RP2040 }),
    );
    expect(file.length).toBe(512);
    expect(file.subarray(0, 36).toString('hex')).toBe(
      '5546320a57515d9e00200000000010100001000000000000' + '0100000056ff8be4' + '01020300',
    );
    expect(file.subarray(36, 508).every((byte) => byte === 0)).toBe(true);
    expect(file.subarray(508).toString('hex')).toBe('306fb10a');
  });

  it('numbers its blocks and their addresses', () => {
    const file = Buffer.from(uf2({ address: 0x2000, bytes: new Uint8Array(600).fill(7) }));
    const fields = [0, 1, 2].map((block) => {
      const at = block * 512;
      return [8, 12, 20, 24, 28].map((place) => file.readUInt32LE(at + place));
    });
    expect(fields).toEqual([
      [0, 0x2000, 0, 3, 0],
      [0, 0x2100, 1, 3, 0],
      [0, 0x2200, 2, 3, 0],
    ]);
  });

  it('reads back as what it was made of, filled up to 256 bytes', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 1000 });
    const familyId = fc.option(fc.constant(RP2040), { nil: undefined });
    fc.assert(
      fc.property(bytes, familyId, (given, family) => {
        const base = { address: 0x1000_0000, bytes: given };
        const read = parseUf2(uf2(family === undefined ? base : { ...base, familyId: family }));
        const filled = new Uint8Array(Math.ceil(given.length / 256) * 256);
        filled.set(given);
        expect(read.bytes).toEqual(filled);
        expect(read.address).toBe(0x1000_0000);
        expect(read.familyId).toBe(family);
      }),
    );
  });

  it.each([
    ['no bytes', { address: 0, bytes: new Uint8Array() }],
    ['an odd address', { address: 0x101, bytes: Uint8Array.of(1) }],
    ['an address beyond 4 GiB', { address: 2 ** 32 - 256, bytes: new Uint8Array(257) }],
  ])('is not made with %s', (_what, image) => {
    expect(() => uf2(image)).toThrow(INVALID);
  });

  it.each<[string, (file: Buffer) => Uint8Array]>([
    ['a cut', (file) => file.subarray(0, 700)],
    ['a missing block', (file) => file.subarray(0, 512)],
    ['blocks out of order', (file) => Buffer.concat([file.subarray(512), file.subarray(0, 512)])],
    ['a damaged end', (file) => file.fill(0, 508, 512)],
    ['a damaged begin', (file) => file.fill(0, 512, 516)],
    ['a gap', (file) => (file.writeUInt32LE(0x9000, 512 + 12), file)],
    ['two families', (file) => (file.writeUInt32LE(1, 512 + 28), file)],
    ['a payload that is too long', (file) => (file.writeUInt32LE(477, 16), file)],
    ['nothing in it', () => new Uint8Array()],
  ])('is refused with %s', (_what, damage) => {
    const file = uf2({ address: 0x1000, bytes: new Uint8Array(500), familyId: RP2040 });
    expect(() => parseUf2(damage(Buffer.from(file)))).toThrow(INVALID);
  });
});
