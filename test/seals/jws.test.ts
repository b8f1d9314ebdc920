import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import fc from 'fast-check';
import { CompactSign, compactVerify } from 'jose';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { signStatement, verifyStatement } from '../../src/seals/jws.ts';
import { spkiOf } from '../../src/model/hierarchy.ts';
import { otherKey, refusal, stationKey, withPart } from './fixtures.ts';

const TYP = 'keyline-station+jws';
const schema = Type.Object(
  { name: Type.String(), n: Type.Optional(Type.Integer()) },
  { additionalProperties: false },
);
const verify = (jws: string) => verifyStatement(TYP, schema, jws);

describe('a statement', () => {
  it('reads back as it was signed, with its signer', async () => {
    const jws = await signStatement(TYP, { name: 'ä', n: 1 }, stationKey(), { lot: 'x' });
    const read = await verify(jws);
    expect(read.payload).toEqual({ name: 'ä', n: 1 });
    expect(read.header).toEqual({ lot: 'x' });
    expect(Buffer.from(read.signerSpki)).toEqual(Buffer.from(spkiOf(stationKey())));
  });

  it('is what jose signs, byte for byte, and what jose verifies', async () => {
    const payload = { name: 'ä', n: 1 };
    const jws = await signStatement(TYP, payload, stationKey(), { lot: 'x' });
    const { protectedHeader } = await compactVerify(jws, createPublicKey(stationKey()));
    expect(protectedHeader).toMatchObject({ alg: 'EdDSA', typ: TYP, lot: 'x' });
    const signed = await new CompactSign(Buffer.from(JSON.stringify(payload)))
      .setProtectedHeader(protectedHeader)
      .sign(stationKey());
    expect(jws).toBe(signed);
  });

  it('takes the signature of RFC 8037 appendix A.4, whose header it then does not understand', async () => {
    const jws =
      'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg';
    const mine = sign(
      null,
      Buffer.from(jws.split('.').slice(0, 2).join('.')),
      createPrivateKey({
        key: {
          kty: 'OKP',
          crv: 'Ed25519',
          d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
          x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
        },
        format: 'jwk',
      }),
    );
    expect(mine.toString('base64url')).toBe(jws.split('.')[2]);
    expect(await refusal(verify(jws))).toBe('signature-invalid: typ');
  });

  it.each<[string, string, (jws: string) => string]>([
    ['another typ', 'typ', (jws) => withPart(jws, 0, (json) => json.replace('station', 'lot'))],
    ['no typ', 'typ', (jws) => withPart(jws, 0, (json) => json.replace(/"typ":"[^"]*",/, ''))],
    ['alg none', 'malformed', (jws) => withPart(jws, 0, (json) => json.replace('EdDSA', 'none'))],
    [
      'a critical extension',
      'malformed',
      (jws) => withPart(jws, 0, (json) => json.replace('{', '{"crit":["b64"],"b64":false,')),
    ],
    [
      'an unknown header member',
      'malformed',
      (jws) => withPart(jws, 0, (json) => json.replace('{', '{"kid":"1",')),
    ],
    [
      'another member in its key',
      'malformed',
      (jws) => withPart(jws, 0, (json) => json.replace('"kty"', '"use":"sig","kty"')),
    ],
    [
      'a key of another curve',
      'malformed',
      (jws) => withPart(jws, 0, (json) => json.replace('Ed25519', 'X25519')),
    ],
    ['a header that is a list', 'malformed', (jws) => withPart(jws, 0, (json) => `[${json}]`)],
    [
      'a space more in the header',
      'signature',
      (jws) => withPart(jws, 0, (json) => json.replace('{', '{ ')),
    ],
    ['a changed payload', 'signature', (jws) => withPart(jws, 1, (json) => json.replace('ä', 'b'))],
    ['no signature', 'malformed', (jws) => jws.replace(/\.[^.]*$/, '.')],
    ['a fourth part', 'malformed', (jws) => `${jws}.AAAA`],
    ['padding', 'malformed', (jws) => `${jws}==`],
    ['a line feed', 'malformed', (jws) => `${jws}\n`],
    ['nothing', 'malformed', () => ''],
    ['more than it can be', 'malformed', (jws) => jws + 'A'.repeat(20_000)],
  ])('with %s is refused', async (_name, reason, change) => {
    const jws = await signStatement(TYP, { name: 'ä' }, stationKey());
    expect(await refusal(verify(jws))).toBe('not refused');
    expect(await refusal(verify(change(jws)))).toBe(`signature-invalid: ${reason}`);
  });

  it('has one spelling: no other last character passes for its signature', async () => {
    const jws = await signStatement(TYP, { name: 'x' }, stationKey());
    for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
      const spelled = jws.slice(0, -1) + character;
      if (spelled !== jws) expect(await refusal(verify(spelled))).toMatch(/^signature-invalid/);
    }
  });

  it('with another key put into its header does not verify', async () => {
    const jws = await signStatement(TYP, { name: 'x' }, stationKey());
    const other = await signStatement(TYP, { name: 'x' }, otherKey());
    const [header] = other.split('.');
    expect(await refusal(verify([header, ...jws.split('.').slice(1)].join('.')))).toBe(
      'signature-invalid: signature',
    );
  });

  it.each([
    ['an unknown field', { name: 'x', more: 1 }],
    ['a missing field', { n: 1 }],
    ['a field of another type', { name: 1 }],
  ])('with %s in its payload is refused though its signature is good', async (_name, payload) => {
    const jws = await signStatement(TYP, payload, stationKey());
    expect(await refusal(verify(jws))).toBe('signature-invalid: payload');
  });

  it('survives no change of a character anywhere', async () => {
    const jws = await signStatement(TYP, { name: 'x' }, stationKey(), { lot: 'a', grant: 'b' });
    await fc.assert(
      fc.asyncProperty(fc.nat(jws.length - 1), fc.constantFrom(...'AZaz09-_.='), async (at, to) => {
        const changed = jws.slice(0, at) + to + jws.slice(at + 1);
        if (changed !== jws) expect(await refusal(verify(changed))).toMatch(/^signature-invalid/);
      }),
      { numRuns: 300 },
    );
  });
});
