import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { espNvs } from '../../src/formats/esp-nvs.ts';
import type { NvsEntry } from '../../src/formats/esp-nvs.ts';
import { readNvs } from './nvs-reader.ts';

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function number(namespace: string, key: string, value: number | bigint): NvsEntry {
  return { namespace, key, value: { type: 'u8', number: value } };
}

/** A blob whose bytes tell their place. */
function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => (at * 7 + (at >> 8)) & 0xff);
}

const VECTOR: NvsEntry[] = [
  {
    namespace: 'edgeiq',
    key: 'unique_id',
    value: { type: 'string', bytes: text('aa:bb:cc:dd:ee:ff') },
  },
  {
    namespace: 'edgeiq',
    key: 'token',
    value: {
      type: 'blob',
      bytes: Uint8Array.from(Buffer.from('00112233445566778899aabbccddeeff', 'hex')),
    },
  },
  number('edgeiq', 'boot', 1),
];

describe('an NVS partition', () => {
  it('is the published vector in version 2', () => {
    expect(sha256(espNvs(VECTOR, { sizeBytes: 0x3000 }))).toBe(
      '50560ab0c5ef500154e76a178ebcebf9e9491e48abae4243d540f7d18157df0e',
    );
  });

  it('is the published vector in version 1', () => {
    expect(sha256(espNvs(VECTOR, { sizeBytes: 0x3000, version: 1 }))).toBe(
      '1532c11bd92b849074016edc9dec477c673216c952b938aefd3c45af2e456e06',
    );
  });

  it('is byte for byte what nvs_partition_gen 0.3.0 makes of values over several pages', () => {
    const blob = (sizeBytes: number): NvsEntry['value'] => ({
      type: 'blob',
      bytes: pattern(sizeBytes),
    });
    const image = espNvs(
      [
        { namespace: 'n', key: 'big', value: blob(10_000) },
        { namespace: 'n', key: 's1', value: { type: 'string', bytes: text('a'.repeat(1999)) } },
        { namespace: 'n', key: 's2', value: { type: 'string', bytes: text('b'.repeat(3000)) } },
        { namespace: 'n', key: 'u', value: { type: 'u64', number: 2n ** 64n - 1n } },
        { namespace: 'n', key: 'i', value: { type: 'i32', number: -5 } },
        { namespace: 'm', key: 'big2', value: blob(3900) },
        { namespace: 'm', key: 'i8', value: { type: 'i8', number: -128 } },
        { namespace: 'm', key: 'u16', value: { type: 'u16', number: 65_535 } },
      ],
      { sizeBytes: 0x8000 },
    );
    expect(sha256(image)).toBe('4aa8486da64af7db255551ea0b499cd076baf9ce27b8a80a092dc7365bd60c16');
  });

  it('reads back as what went in, whatever the values', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,14}$/);
    const value = fc.oneof(
      fc.record({ type: fc.constant('u64' as const), number: fc.bigInt(0n, 2n ** 64n - 1n) }),
      fc.record({
        type: fc.constant('i32' as const),
        number: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      }),
      fc.record({
        type: fc.constant('string' as const),
        bytes: fc.string({ minLength: 0, maxLength: 200 }).map((s) => text(s.replaceAll('\0', ''))),
      }),
      fc.record({
        type: fc.constant('blob' as const),
        bytes: fc.uint8Array({ maxLength: 900 }),
      }),
    );
    const entries = fc.uniqueArray(fc.record({ namespace: name, key: name, value }), {
      maxLength: 40,
      selector: (entry) => `${entry.namespace} ${entry.key}`,
    });
    fc.assert(
      fc.property(entries, fc.constantFrom(1 as const, 2 as const), (given, version) => {
        const read = readNvs(espNvs(given, { sizeBytes: 0x20000, version }));
        const wanted = given.map(({ namespace, key, value: wantedValue }) => [
          `${namespace}/${key}`,
          'bytes' in wantedValue
            ? Buffer.from(wantedValue.bytes).toString('hex')
            : BigInt(wantedValue.number),
        ]);
        expect(new Map(read)).toEqual(new Map(wanted as [string, string | bigint][]));
      }),
      { numRuns: 60 },
    );
  });

  it('spreads a blob over pages in version 2', () => {
    const blob = pattern(10_000);
    const image = espNvs([{ namespace: 'n', key: 'big', value: { type: 'blob', bytes: blob } }], {
      sizeBytes: 0x5000,
    });
    expect(readNvs(image).get('n/big')).toBe(Buffer.from(blob).toString('hex'));
  });

  it('goes on to the next page with a string that does not fit into what is left', () => {
    const strings = ['a', 'b', 'c'].map((key) => ({
      namespace: 'n',
      key,
      value: { type: 'string' as const, bytes: text(key.repeat(1999)) },
    }));
    const read = readNvs(espNvs(strings, { sizeBytes: 0x4000 }));
    expect([...read.keys()]).toEqual(['n/a', 'n/b', 'n/c']);
  });

  it('takes names of 15 characters and values of the largest size', () => {
    const entries: NvsEntry[] = [
      {
        namespace: 'n'.repeat(15),
        key: 'k'.repeat(15),
        value: { type: 'string', bytes: text('x'.repeat(3999)) },
      },
    ];
    expect(readNvs(espNvs(entries, { sizeBytes: 0x4000 })).size).toBe(1);
    const old: NvsEntry[] = [
      { namespace: 'n', key: 'k', value: { type: 'blob', bytes: pattern(1984) } },
    ];
    expect(readNvs(espNvs(old, { sizeBytes: 0x3000, version: 1 })).size).toBe(1);
  });

  it.each<[string, NvsEntry[], { sizeBytes: number; version?: 1 | 2 }]>([
    ['a key of 16 characters', [number('n', 'k'.repeat(16), 1)], { sizeBytes: 0x3000 }],
    ['a namespace of 16 characters', [number('n'.repeat(16), 'k', 1)], { sizeBytes: 0x3000 }],
    ['an empty key', [number('n', '', 1)], { sizeBytes: 0x3000 }],
    ['a key given twice', [number('n', 'k', 1), number('n', 'k', 2)], { sizeBytes: 0x3000 }],
    ['a number that does not fit', [number('n', 'k', 256)], { sizeBytes: 0x3000 }],
    ['a negative number in u8', [number('n', 'k', -1)], { sizeBytes: 0x3000 }],
    ['a fraction', [number('n', 'k', 0.5)], { sizeBytes: 0x3000 }],
    [
      'a string of 4000 bytes without its NUL',
      [{ namespace: 'n', key: 'k', value: { type: 'string', bytes: text('x'.repeat(4000)) } }],
      { sizeBytes: 0x4000 },
    ],
    [
      'a string with a NUL inside',
      [{ namespace: 'n', key: 'k', value: { type: 'string', bytes: text('a\0b') } }],
      { sizeBytes: 0x3000 },
    ],
    [
      'a blob of 1985 bytes in version 1',
      [{ namespace: 'n', key: 'k', value: { type: 'blob', bytes: pattern(1985) } }],
      { sizeBytes: 0x3000, version: 1 },
    ],
    [
      'more than the partition holds',
      [{ namespace: 'n', key: 'k', value: { type: 'blob', bytes: pattern(8000) } }],
      { sizeBytes: 0x3000 },
    ],
    ['a size that is no multiple of a page', [], { sizeBytes: 0x3001 }],
    ['a partition of two pages', [], { sizeBytes: 0x2000 }],
  ])('refuses %s', (_what, entries, options) => {
    expect(() => espNvs(entries, options)).toThrow(
      expect.objectContaining({ code: 'image-invalid' }) as Error,
    );
  });

  it('names the key and never the value of what it refuses', () => {
    const bytes = text(`secret-${'x'.repeat(4000)}`);
    let message = '';
    try {
      espNvs([{ namespace: 'n', key: 'token', value: { type: 'string', bytes } }], {
        sizeBytes: 0x3000,
      });
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain('n/token');
    expect(message).not.toContain('secret-');
  });
});
