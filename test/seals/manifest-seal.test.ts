import { describe, expect, it } from 'vitest';
import { parseProvisioningKey } from '../../src/model/ids.ts';
import { signGrant } from '../../src/seals/grant.ts';
import type { GrantStatement } from '../../src/seals/grant.ts';
import { signStatement } from '../../src/seals/jws.ts';
import { sealManifest, verifyManifestSeal } from '../../src/seals/manifest-seal.ts';
import type { ManifestSeal, Signer } from '../../src/seals/manifest-seal.ts';
import {
  otherKey,
  ownerKey,
  payloadOf,
  refusal,
  sealFixture,
  stationKey,
  withPart,
} from './fixtures.ts';

const planned = sealFixture('planned.seal');
const built = sealFixture('station.seal');
const lot = sealFixture('lot.jws');
const grant = sealFixture('grant.jws');
const seal = payloadOf(planned) as unknown as ManifestSeal;
const statement = payloadOf(grant) as unknown as GrantStatement;
const owner: Signer = { key: await ownerKey(), lot };
const station: Signer = { key: stationKey(), lot, grant };
const digest = 'a'.repeat(64);

const asSealed = async (change: Partial<ManifestSeal>, signer: Signer): Promise<string> =>
  refusal(verifyManifestSeal(await sealManifest({ ...seal, ...change }, signer)));

describe('a manifest seal', () => {
  it('signed with openssl verifies, and is what keyline signs, byte for byte', async () => {
    expect((await verifyManifestSeal(planned)).seal).toEqual(seal);
    expect(await sealManifest(seal, owner)).toBe(planned);
    const walked = await verifyManifestSeal(built, parseProvisioningKey(seal.provisioningKey));
    expect(walked.grant?.statement.grantId).toBe(statement.grantId);
    expect(await sealManifest({ ...seal, kind: 'as-built' }, station)).toBe(built);
  });

  it('is refused where another key is expected', async () => {
    const other = parseProvisioningKey('kp_00000000000000000000000000');
    expect(await refusal(verifyManifestSeal(planned, other))).toBe('key-mismatch');
  });

  it.each(Object.keys(seal))('with another %s does not verify', async (name) => {
    const altered = withPart(planned, 1, (json) => {
      const payload = JSON.parse(json) as Record<string, unknown>;
      payload[name] = typeof payload[name] === 'number' ? 7 : name;
      return JSON.stringify(payload);
    });
    expect(await refusal(verifyManifestSeal(altered))).toBe('signature-invalid: signature');
  });

  it.each<[string, string, Signer]>([
    ['somebody', 'signature-invalid: claim', { key: otherKey(), lot }],
    ['a station without a grant', 'signature-invalid: claim', { key: stationKey(), lot }],
    [
      'another station with this grant',
      'signature-invalid: claim',
      { key: otherKey(), lot, grant },
    ],
    [
      'the owner under a station’s grant',
      'signature-invalid: claim',
      { key: owner.key, lot, grant },
    ],
    ['a station with a grant for a lot', 'grant-invalid', { key: stationKey(), lot, grant: lot }],
    ['an owner with a grant for a lot', 'descriptor-invalid: typ', { key: owner.key, lot: grant }],
  ])('signed by %s is refused', async (_name, code, signer) => {
    expect(await asSealed({}, signer)).toBe(code);
  });

  it('as built by an owner who runs the station himself verifies', async () => {
    expect(await asSealed({ kind: 'as-built' }, owner)).toBe('not refused');
  });

  it('planned by a granted station verifies', async () => {
    expect(await asSealed({}, station)).toBe('not refused');
  });

  it('without a descriptor is refused', async () => {
    const bare = await signStatement('keyline-seal+jws', seal, owner.key);
    expect(await refusal(verifyManifestSeal(bare))).toBe('signature-invalid: claim');
  });

  it('of rows beyond its grant is refused', async () => {
    const range = (from: number, count: number): Partial<ManifestSeal> => ({
      ranges: [{ from, count }],
      count,
      chunks: [digest],
    });
    expect(await asSealed(range(0, 4096), station)).toBe('not refused');
    expect(await asSealed(range(4095, 2), station)).toBe('outside-grant');
    expect(await asSealed(range(5000, 1), station)).toBe('outside-grant');
    expect(await asSealed(range(5000, 1), owner)).toBe('not refused');
  });

  it('made after its grant had ended is refused, one made before is not', async () => {
    const made = (createdAt: string): Promise<string> => asSealed({ createdAt }, station);
    expect(await made('2026-12-31T23:59:59Z')).toBe('not refused');
    expect(await made('2027-01-01T00:00:00Z')).toBe('signature-invalid: claim');
  });

  it('that rests on a forged grant is refused', async () => {
    const forged = await signGrant(statement, otherKey());
    expect(await asSealed({}, { key: stationKey(), lot, grant: forged })).toBe('grant-forged');
  });

  it.each<[string, Partial<ManifestSeal>]>([
    ['of another lot', { lotId: 'kl_00000000000000000000000000' as ManifestSeal['lotId'] }],
    [
      'of another key',
      { provisioningKey: 'kp_00000000000000000000000000' as ManifestSeal['provisioningKey'] },
    ],
    ['that claims a test key', { test: true }],
    ['of units beyond the lot', { ranges: [{ from: 10_099, count: 2 }] }],
    [
      'planned in two pieces',
      {
        ranges: [
          { from: 0, count: 1 },
          { from: 2, count: 1 },
        ],
      },
    ],
    ['of more rows than units', { count: 3 }],
    ['of fewer rows than are planned', { count: 1 }],
    ['of a chunk too many', { chunks: [digest, digest] }],
    [
      'of ranges that meet',
      {
        kind: 'as-built',
        ranges: [
          { from: 0, count: 2 },
          { from: 1, count: 2 },
        ],
      },
    ],
  ])('%s is refused though its signer may sign', async (_name, change) => {
    const signer = change.kind === 'as-built' ? station : owner;
    expect(await asSealed(change, signer)).toBe('signature-invalid: claim');
  });

  it('as built may have gaps', async () => {
    const gaps: Partial<ManifestSeal> = {
      kind: 'as-built',
      ranges: [{ from: 0, count: 4 }],
      count: 2,
    };
    expect(await asSealed(gaps, station)).toBe('not refused');
  });
});
