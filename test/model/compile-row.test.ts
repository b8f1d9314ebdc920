import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { COLUMNS } from '../../src/model/columns.ts';
import type { ColumnChoice } from '../../src/model/columns.ts';
import { compileRow, headerLine } from '../../src/model/compile-row.ts';
import { SCHEMES } from '../../src/model/lot.ts';
import type { Lot, Scheme } from '../../src/model/lot.ts';
import { createRowRenderer } from '../../src/model/render-row.ts';
import type { Unit } from '../../src/model/unit.ts';
import { testLot } from '../derive/lots.ts';

const CERTIFICATE = new Uint8Array(421).map((_, at) => at);

/** One unit whose key pair node:crypto made. */
function sampleUnit(scheme: Scheme, index: number): Unit & { pkcs8: Buffer; pems: string[] } {
  const pair =
    scheme === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const d = pair.privateKey.export({ format: 'jwk' }).d ?? '';
  return {
    index,
    endpointKey: createHash('sha256').update('endpoint').digest().subarray(0, 16),
    secret: Buffer.from(d, 'base64url'),
    publicKey: pair.publicKey.export({ format: 'der', type: 'spki' }),
    certificate: CERTIFICATE,
    claimCode: Buffer.from('00ff10ef20df30cf40bf', 'hex'),
    pkcs8: pair.privateKey.export({ format: 'der', type: 'pkcs8' }),
    pems: [
      pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
      pair.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    ],
  };
}

/** The value as text, written once more with Buffer's encoders and node:crypto's exports. */
function valueText(lot: Lot, unit: ReturnType<typeof sampleUnit>, choice: ColumnChoice): string {
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
  const spki = Buffer.from(unit.publicKey ?? []);
  const claim = Buffer.from(unit.claimCode ?? []);
  const raw = {
    public_key: spki.subarray(lot.scheme === 'ed25519' ? 12 : 26),
    claim_digest: sha256(Buffer.concat([Buffer.from('keyline/v1 claim\0'), claim])),
    certificate_digest: sha256(CERTIFICATE),
    certificate: Buffer.from(CERTIFICATE),
    endpoint_key: Buffer.from(unit.endpointKey),
    endpoint_secret: Buffer.from(unit.secret),
    private_key: Buffer.from(unit.secret),
    claim_code: claim,
  };
  switch (choice.name) {
    case 'index':
      return String(unit.index);
    case 'serial':
      return `S ${String(unit.index + lot.firstNumber).padStart(9, '0')}`;
    case 'model':
      return lot.model ?? '';
    default:
  }
  const bytes = raw[choice.name];
  switch (choice.format) {
    case 'hex':
    case 'base64':
    case 'base64url':
      return bytes.toString(choice.format);
    case 'der': {
      const der = { private_key: unit.pkcs8, public_key: spki, certificate: raw.certificate };
      return der[choice.name as keyof typeof der].toString('base64');
    }
    case 'pem':
      if (choice.name === 'private_key') return unit.pems[0] ?? '';
      if (choice.name === 'public_key') return unit.pems[1] ?? '';
      return `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
    case 'text':
      if (choice.name === 'claim_code') return crockford(bytes);
      if (choice.name === 'endpoint_key') return `ek_${crockford(bytes)}`;
      return `es_${bytes.toString('base64url')}`;
  }
}

function crockford(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const characters = bits.match(/.{1,5}/g) ?? [];
  const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
  return characters.map((five) => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

/** Every column of the scheme in every format, in any order. */
function choicesOf(scheme: Scheme): fc.Arbitrary<ColumnChoice[]> {
  const names = Object.entries(COLUMNS).filter(([, column]) => column.schemes.includes(scheme));
  const choices = names.map(([name, { formats }]) =>
    fc.constantFrom(...formats).map((format) => ({ name, format }) as ColumnChoice),
  );
  return fc
    .tuple(...choices)
    .chain((all) => fc.shuffledSubarray(all, { minLength: 1, maxLength: all.length }));
}

const MODELS = fc.oneof(
  fc.constantFrom('a,b', '"', 'say ""', ' lead', 'trail ', 'a\nb', 'a\r\nb', '\r', "=1+1'", 'ü,𝄞'),
  fc.string({ minLength: 1, unit: 'grapheme' }),
);

it.each(SCHEMES)('writes for %s exactly what csv-stringify writes', (scheme) => {
  fc.assert(
    fc.property(choicesOf(scheme), MODELS, fc.nat(10_000), (columns, model, index) => {
      const lot = testLot(scheme, { model, serialTemplate: 'S {n:9}', firstNumber: 7 });
      const unit = sampleUnit(scheme, index);
      const plan = { format: 'csv', columns } as const;
      const row = createRowRenderer(compileRow(lot, plan), lot)(unit);
      const values = columns.map((choice) => valueText(lot, unit, choice));
      const header = columns.map((choice) => choice.name);
      expect(headerLine(plan) + row).toBe(stringify([header, values]));
    }),
    { numRuns: 30 },
  );
});

it.each(SCHEMES)('writes for %s exactly what JSON.stringify writes', (scheme) => {
  fc.assert(
    fc.property(choicesOf(scheme), MODELS, fc.nat(10_000), (columns, model, index) => {
      const lot = testLot(scheme, { model, serialTemplate: 'S {n:9}', firstNumber: 7 });
      const unit = sampleUnit(scheme, index);
      const plan = { format: 'ndjson', columns } as const;
      const row = createRowRenderer(compileRow(lot, plan), lot)(unit);
      const entries = columns.map((choice) => [
        COLUMNS[choice.name].json,
        choice.name === 'index' ? unit.index : valueText(lot, unit, choice),
      ]);
      expect(headerLine(plan) + row).toBe(`${JSON.stringify(Object.fromEntries(entries))}\n`);
    }),
    { numRuns: 30 },
  );
});

it.each([
  ['{n:8}', 12, '00000012'],
  ['-{x:5}', 0xabcde, '-ABCDE'],
  ['A: {n:3}+B/4.', 999, 'A: 999+B/4.'],
  ['{n:10}{luhn}', 7992739871, '79927398713'],
  ['7992-{n:6}_{luhn}-X', 739871, '7992-739871_3-X'],
])('writes the serial of template %s', (serialTemplate, firstNumber, serial) => {
  const lot = testLot('psk', { serialTemplate, firstNumber, size: 1 });
  const columns = [{ name: 'serial', format: 'text' }] as const;
  const parts = compileRow(lot, { format: 'csv', columns });
  expect(createRowRenderer(parts, lot)(sampleUnit('psk', 0))).toBe(`${serial}\n`);
});

it('reads back the private keys that it writes as PEM and DER', () => {
  for (const scheme of ['ed25519', 'p256'] as const) {
    const lot = testLot(scheme);
    const unit = sampleUnit(scheme, 1);
    const columns = [{ name: 'private_key', format: 'der' }] as const;
    const row = createRowRenderer(compileRow(lot, { format: 'csv', columns }), lot)(unit);
    const key = createPrivateKey({
      key: Buffer.from(row, 'base64'),
      format: 'der',
      type: 'pkcs8',
    });
    expect(createPublicKey(key).export({ format: 'der', type: 'spki' })).toEqual(unit.publicKey);
  }
});

it('joins neighbouring literals, so that a row has as few parts as can be', () => {
  const columns = [
    { name: 'index', format: 'text' },
    { name: 'model', format: 'text' },
    { name: 'endpoint_key', format: 'text' },
  ] as const;
  expect(compileRow(testLot('psk', { model: 'a"b' }), { format: 'csv', columns })).toEqual([
    { kind: 'index' },
    { kind: 'literal', text: ',"a""b",ek_' },
    { kind: 'bytes', value: 'endpoint_key', encoding: 'crockford' },
    { kind: 'literal', text: '\n' },
  ]);
});

it('refuses a model column of a lot without a model', () => {
  const lot = testLot('psk');
  delete lot.model;
  const columns = [{ name: 'model', format: 'text' }] as const;
  expect(() => compileRow(lot, { format: 'csv', columns })).toThrow(
    expect.objectContaining({ code: 'invalid-columns' }),
  );
});

it('refuses a unit without a value that a row names', () => {
  const lot = testLot('psk');
  const columns = [{ name: 'claim_code', format: 'text' }] as const;
  const { index, endpointKey, secret } = sampleUnit('psk', 0);
  const render = createRowRenderer(compileRow(lot, { format: 'csv', columns }), lot);
  expect(() => render({ index, endpointKey, secret })).toThrow('claim_code');
});
