import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Deriver, DeriveSource } from '../../src/derive/deriver.ts';
import { toCrockford } from '../../src/kernel/bytes.ts';
import { Secret } from '../../src/kernel/secret.ts';
import { endpointKeyOf, idBytes } from '../../src/model/ids.ts';
import type { Scheme } from '../../src/model/lot.ts';
import type { Range } from '../../src/model/range.ts';
import { BLOCK_UNITS, INDEX_LIMIT } from '../../src/model/range.ts';
import type { Unit, UnitNeeds } from '../../src/model/unit.ts';
import { independentEndpointKey, independentUnit } from './independent.ts';
import { CERTIFICATES, grantedSecrets, testLot, VECTORS, vectorSecrets } from './lots.ts';
import type { VectorUnit } from './lots.ts';

const PROVISIONING_KEY = idBytes(VECTORS.provisioningKey);
const LOT_SECRET = Buffer.from(VECTORS.lots[0].lotSecretHex, 'hex');
const ALL_NEEDS: UnitNeeds = { claimCode: true, certificate: true };

/** What every deriver holds to, whatever it computes with. */
export function describeDeriver(deriver: Deriver): void {
  describe(`the ${deriver.name} deriver`, () => {
    for (const [at, vector] of VECTORS.lots.entries()) {
      for (const scheme of ['psk', 'ed25519', 'p256', 'x509-p256'] as const) {
        it(`gives the published ${scheme} values of vector lot ${at}`, async () => {
          const lot = testLot(scheme, { lotId: vector.lotId });
          const source = { lot, secrets: vectorSecrets(vector) };
          for (const expected of scheme === 'x509-p256' ? vector.p256 : vector[scheme]) {
            const [unit] = await collect(deriver, source, { from: expected.index, count: 1 });
            expect(textOf(unit, scheme)).toEqual(vectorText(expected));
          }
        });
      }
    }

    it('gives the device key that Azure documents', async () => {
      const groupKey =
        '8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==';
      const lot = testLot('azure-dps', {
        serialTemplate: 'sn-007-888-abc-mac-a1-b2-c3-d4-e5-f{n:1}',
        firstNumber: 6,
        size: 1,
        spare: 0,
      });
      const secrets = vectorSecrets(VECTORS.lots[0]);
      secrets.groupKey = () => Secret.take(Uint8Array.from(Buffer.from(groupKey, 'base64')));
      const [unit] = await collect(deriver, { lot, secrets }, { from: 0, count: 1 });
      expect(Buffer.from(unit?.secret ?? []).toString('base64')).toBe(
        'Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=',
      );
    });

    it.each(CERTIFICATES)('issues the certificate of unit $index of $lotId', async (vector) => {
      const lot = testLot('x509-p256', { lotId: vector.lotId });
      const own = VECTORS.lots.find(({ lotId }) => lotId === vector.lotId) ?? VECTORS.lots[0];
      const source = { lot, secrets: vectorSecrets(own) };
      const [unit] = await collect(deriver, source, { from: vector.index, count: 1 });
      expect(Buffer.from(unit?.certificate ?? []).toString('base64')).toBe(vector.certificate);
    });

    it('takes certificates and device keys from the tables of a grant', async () => {
      const range = { from: 4094, count: 4 };
      for (const scheme of ['x509-p256', 'azure-dps'] as const) {
        const lot = testLot(scheme);
        const owner = { lot, secrets: vectorSecrets(VECTORS.lots[0]) };
        const units = await collect(deriver, owner, range);
        const table = new Map(units.map((unit) => [unit.index, unit.certificate ?? unit.secret]));
        const tables = { certificates: table, deviceKeys: table };
        const granted = { lot, secrets: grantedSecrets(VECTORS.lots[0], tables) };
        expect(await collect(deriver, granted, range)).toEqual(units);
        const beyond = collect(deriver, granted, { from: 4094, count: 5 });
        await expect(beyond).rejects.toMatchObject({ code: 'outside-grant' });
      }
    });

    it('derives azure-dps device keys and endpoint keys from the serials', async () => {
      const lot = testLot('azure-dps', { serialTemplate: 'unit-{n:15}', firstNumber: 17 });
      const source = { lot, secrets: vectorSecrets(VECTORS.lots[1]) };
      const units = await collect(deriver, source, { from: 4090, count: 12 });
      const key = Buffer.from(VECTORS.lots[1].azureGroupKey, 'base64');
      for (const unit of units) {
        const serial = `unit-${String(unit.index + 17).padStart(15, '0')}`;
        const deviceKey = createHmac('sha256', key).update(serial).digest();
        expect(Buffer.from(unit.secret)).toEqual(deviceKey);
        const endpointKey = independentEndpointKey(PROVISIONING_KEY, deviceKey);
        expect(Buffer.from(unit.endpointKey)).toEqual(endpointKey);
      }
    });

    it.each([
      ['psk', 15, 3000],
      ['ed25519', 8, 12],
      ['p256', 8, 12],
    ] as const)('agrees with node:crypto on random ranges of %s', async (scheme, runs, most) => {
      const source = { lot: testLot(scheme), secrets: vectorSecrets(VECTORS.lots[0]) };
      await fc.assert(
        fc.asyncProperty(ranges(most), fc.nat(), async (range, pick) => {
          const units = await collect(deriver, source, range);
          expect(units.map((unit) => unit.index)).toEqual(indexes(range));
          // Both ends, where boundaries are, and one between.
          for (const position of new Set([0, range.count - 1, pick % range.count])) {
            expectIndependent(units[position], scheme);
          }
        }),
        { numRuns: runs },
      );
    });

    it('gives for any range the same as that part of the whole', async () => {
      const source = { lot: testLot('psk'), secrets: vectorSecrets(VECTORS.lots[0]) };
      const whole = { from: 2 ** 32 - 5000, count: 10_000 };
      const digests = (await collect(deriver, source, whole)).map(digestOf);
      const parts = fc.tuple(fc.nat(whole.count - 1), fc.integer({ min: 1, max: 2000 }));
      await fc.assert(
        fc.asyncProperty(parts, async ([start, length]) => {
          const count = Math.min(length, whole.count - start);
          const part = await collect(deriver, source, { from: whole.from + start, count });
          expect(part.map(digestOf)).toEqual(digests.slice(start, start + count));
        }),
        { numRuns: 10 },
      );
    });

    it('wipes a batch after its turn and every secret it was lent', async () => {
      const secrets = vectorSecrets(VECTORS.lots[0]);
      const source = { lot: testLot('psk'), secrets };
      const seen: Unit[] = [];
      for await (const batch of deriver.derive(source, { from: 0, count: 5000 }, needing())) {
        seen.push(batch.unit(0), batch.unit(batch.count - 1));
        if (batch.from >= 4096) break;
      }
      expect(seen.length).toBeGreaterThan(1);
      for (const unit of seen) {
        expect([...unit.secret].every((byte) => byte === 0)).toBe(true);
        expect(unit.claimCode?.every((byte) => byte === 0)).toBe(true);
      }
      for (const secret of secrets.lent) expect(() => secret.use((bytes) => bytes)).toThrow();
    });

    it('stops within a batch of an abort', async () => {
      const abort = new AbortController();
      const source = { lot: testLot('psk'), secrets: vectorSecrets(VECTORS.lots[0]) };
      let after = 0;
      const run = async () => {
        const options = { signal: abort.signal };
        for await (const batch of deriver.derive(source, { from: 0, count: 1e9 }, options)) {
          if (abort.signal.aborted) after++;
          if (batch.from > 3000) abort.abort();
        }
      };
      await expect(run()).rejects.toMatchObject({ code: 'interrupted' });
      expect(after).toBe(0);
    });

    it('lets the event loop turn between batches, or no signal would ever be seen', async () => {
      const abort = new AbortController();
      const source = { lot: testLot('psk'), secrets: vectorSecrets(VECTORS.lots[0]) };
      setImmediate(() => {
        abort.abort();
      });
      const derived = deriver.derive(source, { from: 0, count: 1e9 }, { signal: abort.signal });
      const run = async () => {
        for await (const batch of derived) expect(batch.from).toBeLessThan(1e6);
      };
      await expect(run()).rejects.toMatchObject({ code: 'interrupted' });
    });

    it.each([
      { from: 10, count: 1 },
      { from: 0, count: 11 },
      { from: -1, count: 1 },
      { from: 0, count: 0 },
      { from: 0.5, count: 1 },
    ])('refuses units that the lot does not have: %j', async (range) => {
      const lot = testLot('psk', { size: 8, spare: 2 });
      const run = collect(deriver, { lot, secrets: vectorSecrets(VECTORS.lots[0]) }, range);
      await expect(run).rejects.toMatchObject({ code: 'range-outside-lot' });
    });
  });
}

function needing(): { needs: UnitNeeds } {
  return { needs: ALL_NEEDS };
}

/** Copies of every unit, as what is lent is wiped. */
async function collect(deriver: Deriver, source: DeriveSource, range: Range): Promise<Unit[]> {
  const units: Unit[] = [];
  for await (const batch of deriver.derive(source, range, needing())) {
    for (let position = 0; position < batch.count; position++) {
      units.push(structuredClone(batch.unit(position)));
    }
  }
  return units;
}

/** Ranges anywhere a lot can be, most of them over a block boundary or 2^32, or at the very end. */
function ranges(most: number): fc.Arbitrary<Range> {
  const blocks = fc.integer({ min: 1, max: INDEX_LIMIT / BLOCK_UNITS - 1 });
  const boundary = fc.oneof(
    blocks.map((block) => block * BLOCK_UNITS),
    fc.constantFrom(BLOCK_UNITS, 2 ** 31, 2 ** 32, INDEX_LIMIT),
  );
  return fc
    .tuple(boundary, fc.integer({ min: 1, max: most }), fc.nat(most))
    .map(([at, count, before]) => {
      const from = Math.max(0, Math.min(at - before, INDEX_LIMIT - count));
      return { from, count };
    });
}

function indexes({ from, count }: Range): number[] {
  return Array.from({ length: count }, (_, position) => from + position);
}

function expectIndependent(unit: Unit | undefined, scheme: 'psk' | 'ed25519' | 'p256'): void {
  if (!unit) throw new Error('no such unit');
  const expected = independentUnit(scheme, unit.index, {
    lotSecret: LOT_SECRET,
    provisioningKey: PROVISIONING_KEY,
  });
  expect(Buffer.from(unit.secret)).toEqual(expected.secret);
  expect(Buffer.from(unit.endpointKey)).toEqual(expected.endpointKey);
  expect(Buffer.from(unit.publicKey ?? [])).toEqual(expected.publicKey);
  expect(Buffer.from(unit.claimCode ?? [])).toEqual(expected.claimCode);
}

function digestOf(unit: Unit): string {
  const { index, secret, endpointKey, claimCode } = unit;
  const hash = createHash('sha256').update(String(index)).update(secret).update(endpointKey);
  return hash.update(claimCode ?? '').digest('hex');
}

function textOf(unit: Unit | undefined, scheme: Scheme): Record<string, unknown> {
  if (!unit) throw new Error('no unit came');
  const secret = `es_${Buffer.from(unit.secret).toString('base64url')}`;
  return {
    index: unit.index,
    endpointKey: endpointKeyOf(unit.endpointKey),
    claimCode: toCrockford(unit.claimCode ?? new Uint8Array()),
    ...(scheme === 'psk'
      ? { endpointSecret: secret }
      : {
          privateKey: secret,
          publicKeySpki: Buffer.from(unit.publicKey ?? []).toString('base64'),
        }),
  };
}

function vectorText(unit: VectorUnit): Record<string, unknown> {
  const { index, endpointKey, claimCode, endpointSecret, privateKey, publicKeySpki } = unit;
  const own = endpointSecret === undefined ? { privateKey, publicKeySpki } : { endpointSecret };
  return { index, endpointKey, claimCode, ...own };
}
