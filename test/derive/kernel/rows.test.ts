import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toCrockford } from '../../../src/kernel/bytes.ts';
import { idBytes } from '../../../src/model/ids.ts';
import { INDEX_LIMIT } from '../../../src/model/range.ts';
import type { Range } from '../../../src/model/range.ts';
import type { RowPart } from '../../../src/model/row-template.ts';
import { independentUnit } from '../independent.ts';
import { VECTORS } from '../lots.ts';
import { lotSecretOf, openKernel, rowsOf, setBlockOf } from './kernel-under-test.ts';

const LOT_SECRET = lotSecretOf(VECTORS.lots[0]);
const SOURCE = { lotSecret: LOT_SECRET, provisioningKey: idBytes(VECTORS.provisioningKey) };
const ENCODE = {
  crockford: (bytes: Buffer) => toCrockford(bytes),
  hex: (bytes: Buffer) => bytes.toString('hex'),
  base64: (bytes: Buffer) => bytes.toString('base64'),
  base64url: (bytes: Buffer) => bytes.toString('base64url'),
} as const;
const VALUES = ['endpoint_key', 'secret', 'claim_code', 'claim_digest'] as const;
const ENCODINGS = ['crockford', 'hex', 'base64', 'base64url'] as const;

const kernel = openKernel();

describe('rows of the kernel', () => {
  for (const [at, lot] of VECTORS.lots.entries()) {
    it(`hold the published psk values of vector lot ${at}`, () => {
      const parts = [
        ...[literal('ek_'), bytes('endpoint_key', 'crockford'), literal(',es_')],
        ...[bytes('secret', 'base64url'), literal(','), bytes('claim_code', 'crockford')],
        ...[literal(','), bytes('claim_digest', 'hex'), literal(','), { kind: 'index' } as const],
      ];
      for (const unit of lot.psk) {
        const row = rowsOf(kernel, parts, { from: unit.index, count: 1 }, lotSecretOf(lot));
        const { endpointKey, endpointSecret, claimCode, claimDigestHex, index } = unit;
        expect(row).toBe([endpointKey, endpointSecret, claimCode, claimDigestHex, index].join());
      }
    });
  }

  it('agree with node:crypto and Buffer for any value, encoding, place and range', () => {
    fc.assert(
      fc.property(anyRange(), anyParts(), (range, parts) => {
        expect(rowsOf(kernel, parts, range, LOT_SECRET)).toBe(expectedRows(parts, range));
      }),
      { numRuns: 60 },
    );
  });

  it('of any part of a range are that part of the whole', () => {
    const parts = [{ kind: 'index' } as const, bytes('secret', 'base64url'), literal('\n')];
    const lines = rowsOf(kernel, parts, { from: 0, count: 12_000 }, LOT_SECRET).split('\n');
    for (const from of [0, 1, 9, 10, 63, 250, 4095, 4096, 9990]) {
      const part = rowsOf(kernel, parts, { from, count: 130 }, LOT_SECRET);
      expect(part.split('\n').slice(0, 130)).toEqual(lines.slice(from, from + 130));
    }
  });

  it('count decimals and hexadecimals through every carry', () => {
    for (const first of [0, 9_900, 99_990, 10 ** 15 - 4_200, 2 ** 32 - 300, 16 ** 12 - 4_100]) {
      const parts: RowPart[] = [
        { kind: 'number', base: 10, width: 15, first },
        literal(' '),
        { kind: 'number', base: 16, width: 13, first },
        literal('\n'),
      ];
      const range = { from: 0, count: 4_096 };
      expect(rowsOf(kernel, parts, range, LOT_SECRET)).toBe(expectedRows(parts, range));
    }
    for (const width of [1, 2, 3, 4, 5]) {
      const parts: RowPart[] = [{ kind: 'number', base: 10, width, first: 0 }, literal(';')];
      const range = { from: 0, count: Math.min(10 ** width, 4_096) };
      expect(rowsOf(kernel, parts, range, LOT_SECRET)).toBe(expectedRows(parts, range));
    }
  });

  it('end in a check digit that makes the luhn sum of the whole serial a multiple of ten', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[0-9]{0,9}$/),
        fc.integer({ min: 1, max: 15 }),
        fc.nat(),
        (digitsBefore, width, seed) => {
          const first = seed % 10 ** width;
          const count = Math.min(200, 10 ** width - first);
          const parts: RowPart[] = [
            literal(digitsBefore),
            { kind: 'number', base: 10, width, first },
            { kind: 'luhn', digitsBefore, width, first },
            literal('\n'),
          ];
          const text = rowsOf(kernel, parts, { from: 0, count }, LOT_SECRET);
          for (const serial of text.trimEnd().split('\n')) expect(luhnSum(serial) % 10).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('end in the check digit of the example everyone publishes, 7992739871-3', () => {
    const number = { width: 1, first: 0 } as const;
    const parts: RowPart[] = [
      literal('799273987'),
      { kind: 'number', base: 10, ...number },
      { kind: 'luhn', digitsBefore: '799273987', ...number },
    ];
    expect(rowsOf(kernel, parts, { from: 1, count: 1 }, LOT_SECRET)).toBe('79927398713');
  });

  it('keep their literals when programs and widths take turns', () => {
    const one = kernel.compileRows([{ kind: 'index' }, literal('µ|')]);
    const other = kernel.compileRows([literal('other '), { kind: 'index' }, literal('\n')]);
    if (!one || !other) throw new Error('not compiled');
    setBlockOf(kernel, LOT_SECRET, 0);
    const text = (program: typeof one, from: number) =>
      Buffer.from(kernel.renderRows(program, { from, count: 2 })).toString();
    expect(text(one, 8)).toBe('8µ|9µ|');
    expect(text(other, 8)).toBe('other 8\nother 9\n');
    expect(text(one, 98)).toBe('98µ|99µ|');
    kernel.expand('keyline/v1 fdo-hmac', { from: 0, count: 9 }, new Uint8Array(9 * 32));
    expect(text(one, 98)).toBe('98µ|99µ|');
  });

  it('span a block, a number of digits and the memory at most', () => {
    const short = kernel.compileRows([{ kind: 'index' }, literal('\n')]);
    const long = kernel.compileRows([{ kind: 'index' }, literal('x'.repeat(100_000))]);
    if (!short || !long) throw new Error('not compiled');
    expect(kernel.span(short, { from: 0, count: 100_000 })).toBe(10);
    expect(kernel.span(short, { from: 10_000, count: 100_000 })).toBe(2_288);
    expect(kernel.span(short, { from: 12_288, count: 100_000 })).toBe(4_096);
    expect(kernel.span(long, { from: 12_288, count: 100_000 })).toBe(41);
    setBlockOf(kernel, LOT_SECRET, 12_288);
    const rows = kernel.renderRows(long, { from: 12_288, count: 41 });
    expect(Buffer.from(rows).toString().slice(-100_005)).toBe(`12328${'x'.repeat(100_000)}`);
  });

  it('are refused where the kernel has no such value', () => {
    expect(kernel.compileRows([{ kind: 'bytes', value: 'certificate', encoding: 'base64' }])).toBe(
      undefined,
    );
    expect(
      kernel.compileRows([
        { kind: 'pem', value: 'public_key_spki', label: 'PUBLIC KEY', lineBreak: '\n' },
      ]),
    ).toBe(undefined);
  });
});

function literal(text: string): RowPart {
  return { kind: 'literal', text };
}

function bytes(value: (typeof VALUES)[number], encoding: (typeof ENCODINGS)[number]): RowPart {
  return { kind: 'bytes', value, encoding };
}

function anyRange(): fc.Arbitrary<Range> {
  const from = fc.oneof(
    fc.nat({ max: 200_000 }),
    fc.integer({ min: 2 ** 32 - 100, max: 2 ** 32 + 100 }),
    fc.maxSafeNat().map((n) => n % (INDEX_LIMIT - 150)),
  );
  return fc.record({ from, count: fc.integer({ min: 1, max: 140 }) });
}

/** Fields in any order, each followed by a literal that would show if a field wrote too far. */
function anyParts(): fc.Arbitrary<RowPart[]> {
  const field = fc.oneof(
    fc.record({
      kind: fc.constant('bytes' as const),
      value: fc.constantFrom(...VALUES),
      encoding: fc.constantFrom(...ENCODINGS),
    }),
    fc.constant({ kind: 'index' as const }),
  );
  const text = fc.constantFrom('', '|', ',ek_', '"é"');
  return fc
    .array(fc.tuple(field, text), { minLength: 1, maxLength: 6 })
    .map((fields) => [...fields.flatMap(([part, after]) => [part, literal(after)]), literal('\n')]);
}

function expectedRows(parts: readonly RowPart[], { from, count }: Range): string {
  const needsUnit = parts.some((part) => part.kind === 'bytes');
  let text = '';
  for (let index = from; index < from + count; index++) {
    const unit = needsUnit ? independentUnit('psk', index, SOURCE) : undefined;
    for (const part of parts) {
      if (part.kind === 'literal') text += part.text;
      else if (part.kind === 'index') text += String(index);
      else if (part.kind === 'number') {
        const digits = (BigInt(part.first) + BigInt(index)).toString(part.base).toUpperCase();
        text += digits.padStart(part.width, '0');
      } else if (part.kind === 'bytes' && unit) {
        const digest = createHash('sha256').update('keyline/v1 claim\0').update(unit.claimCode);
        const values: Partial<Record<typeof part.value, Buffer>> = {
          endpoint_key: unit.endpointKey,
          secret: unit.secret,
          claim_code: unit.claimCode,
          claim_digest: digest.digest(),
        };
        text += ENCODE[part.encoding](values[part.value] ?? Buffer.alloc(0));
      }
    }
  }
  return text;
}

/** ISO/IEC 7812-1 annex B, from the right. */
function luhnSum(digits: string): number {
  return [...digits].reverse().reduce((sum, character, position) => {
    const digit = Number(character) * (position % 2 === 1 ? 2 : 1);
    return sum + (digit > 9 ? digit - 9 : digit);
  }, 0);
}
