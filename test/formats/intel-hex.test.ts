import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { intelHex, parseIntelHex } from '../../src/formats/intel-hex.ts';

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

const INVALID = expect.objectContaining({ code: 'image-invalid' }) as Error;

describe('an Intel HEX file', () => {
  it('has the records that the format’s own examples have', () => {
    const data = Buffer.from('214601360121470136007EFE09D21901', 'hex');
    expect(text(intelHex([{ address: 0x100, bytes: data }]))).toBe(
      ':10010000214601360121470136007EFE09D2190140\n:00000001FF\n',
    );
  });

  it('opens each block of 64 KiB with an extended linear address, and no record crosses one', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4);
    expect(text(intelHex([{ address: 0x0800_fffe, bytes }])).split('\n')).toEqual([
      ':020000040800F2',
      ':02FFFE000102FE',
      ':020000040801F1',
      ':020000000304F7',
      ':00000001FF',
      '',
    ]);
  });

  it('reads back as its segments, whatever they are', () => {
    const segment = fc.record({
      gap: fc.integer({ min: 1, max: 0x2_0000 }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    });
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 6 }), (parts) => {
        let at = 0x0fff_0000;
        const segments = parts.map(({ gap, bytes }) => {
          const address = at + gap;
          at = address + bytes.length;
          return { address, bytes };
        });
        expect(parseIntelHex(intelHex(segments))).toEqual(segments);
      }),
    );
  });

  it('reads segment bases, start addresses, CR LF and lower case', () => {
    const file = ':020000021200ea\r\n:0300300002337a1e\r\n:0400000500000000F7\r\n:00000001FF\r\n';
    expect(parseIntelHex(ascii(file))).toEqual([
      { address: 0x12030, bytes: Uint8Array.of(0x02, 0x33, 0x7a) },
    ]);
  });

  it('never reads a file of which one digit was changed as another one', () => {
    const file = intelHex([
      { address: 0x1_0000, bytes: Uint8Array.from({ length: 40 }, (_, i) => i) },
    ]);
    const places = fc.integer({ min: 0, max: file.length - 1 });
    const digits = fc.constantFrom(...'0123456789ABCDEF');
    fc.assert(
      fc.property(places, digits, (at, digit) => {
        const changed = Uint8Array.from(file);
        changed[at] = digit.charCodeAt(0);
        fc.pre(changed[at] !== file[at]);
        expect(() => parseIntelHex(changed)).toThrow(INVALID);
      }),
    );
  });

  it.each([
    ['no end record', ':0300300002337A1E\n'],
    ['a record after the end', ':00000001FF\n:0300300002337A1E\n'],
    ['a wrong checksum', ':0300300002337A1F\n:00000001FF\n'],
    ['a wrong length', ':0400300002337A1D\n:00000001FF\n'],
    ['an unknown type', ':00000006FA\n:00000001FF\n'],
    ['something else', 'hello\n'],
    ['an address twice', ':0300300002337A1E\n:0100320000CD\n:00000001FF\n'],
  ])('is refused with %s', (_what, file) => {
    expect(() => parseIntelHex(ascii(file))).toThrow(INVALID);
  });

  it.each([
    ['below the one before', [0x20, 0x10]],
    ['over the one before', [0x10, 0x11]],
    ['beyond 4 GiB', [0xffff_ffff]],
    ['at half a byte', [0.5]],
  ])('is not made of a segment %s', (_what, addresses) => {
    const segments = addresses.map((address) => ({ address, bytes: Uint8Array.of(1, 2) }));
    expect(() => intelHex(segments)).toThrow(INVALID);
  });
});
