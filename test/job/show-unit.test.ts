import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLot } from '../../src/job/create-lot.ts';
import { openLot } from '../../src/job/open-lot.ts';
import type { OpenLot } from '../../src/job/open-lot.ts';
import { revealUnit } from '../../src/job/reveal-unit.ts';
import { readAllocations } from '../../src/job/show-lot.ts';
import { findUnit, parseUnit, showUnit } from '../../src/job/show-unit.ts';
import type { UnitName } from '../../src/job/show-unit.ts';
import { Secret } from '../../src/kernel/secret.ts';
import { parseEndpointKey, parseLotId, parseProvisioningKey } from '../../src/model/ids.ts';
import type { Lot, Scheme } from '../../src/model/lot.ts';
import { ownerSecrets } from '../../src/model/owner-secrets.ts';
import { otherKey, refusal } from '../seals/fixtures.ts';
import { lotRequest, makeOwner } from './lot-home.ts';

interface Vectors {
  readonly provisioningKey: string;
  readonly lots: readonly (Record<Scheme, readonly Record<string, string | number>[]> & {
    readonly lotId: string;
    readonly lotSecretHex: string;
  })[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../../fixtures/vectors/keyline-v1.json', import.meta.url), 'utf8'),
) as Vectors;
const [vector] = vectors.lots;
if (!vector) throw new Error('the vectors have a lot');

/** The vectors' lot as an open one. */
function vectorLot(scheme: Scheme, change: Partial<Lot> = {}): OpenLot {
  const lot: Lot = {
    lotId: parseLotId(vector?.lotId ?? ''),
    code: 'V1',
    provisioningKey: parseProvisioningKey(vectors.provisioningKey),
    scheme,
    size: 5000,
    spare: 10,
    serialTemplate: 'ACME-{n:8}',
    firstNumber: 1,
    createdAt: '2026-01-01T00:00:00Z',
    ...change,
  };
  const secrets = ownerSecrets(lot, Secret.take(Buffer.from(vector?.lotSecretHex ?? '', 'hex')));
  const signer = { key: otherKey(), lot: '' };
  return {
    ...{ lot, descriptor: '', secrets, by: 'owner', signer, grants: [], warnings: [] },
    signerFor: () => signer,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

describe('a unit', () => {
  it.each<Scheme>(['psk', 'ed25519', 'p256'])('of %s is that of the vectors', async (scheme) => {
    const open = vectorLot(scheme);
    for (const unit of vector[scheme].filter(({ index }) => Number(index) < 5000)) {
      const index = Number(unit['index']);
      const shown = await showUnit(open, index, { reveal: true });
      expect(shown).toMatchObject({
        index,
        serial: `ACME-${String(index + 1).padStart(8, '0')}`,
        endpointKey: unit['endpointKey'],
        claimDigest: unit['claimDigestHex'],
        claimCode: unit['claimCode'],
        ...(scheme === 'psk'
          ? { endpointSecret: unit['endpointSecret'] }
          : { privateKey: unit['privateKey'], publicKey: unit['publicKeySpki'] }),
      });
    }
  });

  it('is shown without its secrets unless they are asked for', async () => {
    const shown = await showUnit(vectorLot('psk'), 0, { reveal: false });
    expect(Object.keys(shown)).toEqual(['index', 'serial', 'endpointKey', 'claimDigest']);
  });

  it('is found by its endpoint key, in the spare range too', async () => {
    const open = vectorLot('psk', { size: 4000, spare: 200 });
    const last = vector.psk.find(({ index }) => index === 4096);
    const text = String(last?.['endpointKey']).toUpperCase();
    expect(await findUnit(open, parseUnit(open.lot, text))).toBe(4096);
    const unknown = parseEndpointKey('ek_00000000000000000000000000');
    if (!unknown) throw new Error('it is canonical');
    expect(await refusal(findUnit(open, { endpointKey: unknown }))).toBe('not-found');
  });

  it('of x509-p256 comes with its certificate', async () => {
    const owner = await makeOwner();
    const x509 = { issuing: { type: 'self-signed' }, subject: 'serial' } as const;
    const request = lotRequest({ scheme: 'x509-p256', x509 });
    await createLot(owner.home, request, { credentials: owner.credentials });
    await using open = await openLot(owner.home, 'A1', owner.credentials);
    const shown = await showUnit(open, 3, { reveal: false });
    expect(Buffer.from(String(shown['certificate']), 'base64')[0]).toBe(0x30);
    await owner[Symbol.asyncDispose]();
  });
});

describe('the name of a unit', () => {
  const digits = vectorLot('psk', { serialTemplate: '{n:4}', firstNumber: 3000 }).lot;
  const letters = vectorLot('psk').lot;
  const name = (lot: Lot, text: string, by?: UnitName): unknown => {
    try {
      return parseUnit(lot, text, by);
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it.each<[Lot, string, UnitName | undefined, unknown]>([
    [letters, '7', undefined, { index: 7 }],
    [letters, '0007', undefined, { index: 7 }],
    [letters, 'ACME-00000001', undefined, { index: 0 }],
    [letters, 'ACME-00005010', undefined, { index: 5009 }],
    [letters, 'ACME-00005011', undefined, 'not-found'],
    [letters, 'acme-00000001', undefined, 'not-found'],
    [letters, '5009', undefined, { index: 5009 }],
    [letters, '5010', undefined, 'range-outside-lot'],
    [letters, '-1', undefined, 'not-found'],
    [letters, '', undefined, 'not-found'],
    [letters, '7', 'serial', 'not-found'],
    [letters, 'ek_1', undefined, 'not-found'],
    [digits, '3001', undefined, 'ambiguous'],
    [digits, '3001', 'serial', { index: 1 }],
    [digits, '3001', 'index', { index: 3001 }],
    [digits, '2999', undefined, { index: 2999 }],
    [digits, '6000', undefined, { index: 3000 }],
    [digits, '6000', 'index', 'range-outside-lot'],
  ])('in %o: %s by %s', (lot, text, by, expected) => {
    expect(name(lot, text, by)).toEqual(expected);
  });
});

describe('revealing a unit', () => {
  let owner: Awaited<ReturnType<typeof makeOwner>>;
  let open: OpenLot;

  beforeAll(async () => {
    owner = await makeOwner();
    await createLot(owner.home, lotRequest(), { credentials: owner.credentials });
    open = await openLot(owner.home, 'A1', owner.credentials);
  });

  afterAll(async () => {
    await open[Symbol.asyncDispose]();
    await owner[Symbol.asyncDispose]();
  });

  it('enters it in the book, once unless a reason is given', async () => {
    const first = await revealUnit(owner.home, open, { index: 8, why: 'bench' });
    expect(String(first['endpointSecret'])).toMatch(/^es_/);
    expect(await refusal(revealUnit(owner.home, open, { index: 8 }))).toBe('already-allocated');
    const again = await revealUnit(owner.home, open, { index: 8, again: 'bench again' });
    expect(again).toEqual(first);
    const { entries } = await readAllocations(owner.home, 'A1');
    expect(entries.map(({ from, count, purpose }) => [from, count, purpose])).toEqual([
      [8, 1, 'reveal'],
      [8, 1, 'reveal'],
    ]);
  });
});
