import { execFileSync } from 'node:child_process';
import { access, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { portableDeriver } from '../../src/derive/portable-deriver.ts';
import { createLot } from '../../src/job/create-lot.ts';
import { grantLot } from '../../src/job/grant-lot.ts';
import type { GrantRequest } from '../../src/job/grant-lot.ts';
import { importLot } from '../../src/job/import-lot.ts';
import { openLot } from '../../src/job/open-lot.ts';
import type { OpenLot } from '../../src/job/open-lot.ts';
import { readAllocations, showLot } from '../../src/job/show-lot.ts';
import type { LotRequest } from '../../src/job/create-lot.ts';
import { provisioningKeyOf } from '../../src/model/ids.ts';
import type { Range } from '../../src/model/range.ts';
import { openGrantPlaintext } from '../../src/seals/grant-file.ts';
import { sealManifest, verifyManifestSeal } from '../../src/seals/manifest-seal.ts';
import { openStationCard } from '../../src/seals/station-card.ts';
import { refusal } from '../seals/fixtures.ts';
import { close, contentOf, lotRequest, makeOwner, makeStation } from './lot-home.ts';
import type { TestHome } from './lot-home.ts';

const at = (iso: string) => ({ now: () => new Date(iso) });
const made = at('2026-03-01T08:00:00Z');

let owner: Awaited<ReturnType<typeof makeOwner>>;
let station: Awaited<ReturnType<typeof makeStation>>;
let files = 0;

beforeAll(async () => {
  owner = await makeOwner();
  station = await makeStation();
});

afterAll(async () => {
  await owner[Symbol.asyncDispose]();
  await station[Symbol.asyncDispose]();
});

let lots = 0;

/** A new lot with a code and serials of its own. */
async function newLot(change: Partial<LotRequest> = {}): Promise<string> {
  const code = `L${++lots}`;
  const request = lotRequest({ code, serialTemplate: `l${lots}-{n:8}`, ...change });
  await createLot(owner.home, request, { credentials: owner.credentials });
  return code;
}

async function grant(
  lot: string,
  range: Range,
  change: Partial<GrantRequest> = {},
): Promise<{ path: string; grantId: string; range: Range }> {
  const path = join(owner.path, `grant-${++files}`);
  const request = {
    ...{ lot, range, card: station.cardJws, issue: false, output: { path, force: false } },
    ...change,
  };
  const granted = await grantLot(owner.home, request, {
    credentials: owner.credentials,
    clock: made,
  });
  return { path, grantId: granted.grantId, range: granted.range };
}

async function take(path: string, by: TestHome = station, clock = made): Promise<void> {
  using content = await contentOf(path);
  await importLot(by.home, content, { credentials: () => by.credentials, clock });
}

const openThere = (lot: string, clock = made): Promise<OpenLot> =>
  openLot(station.home, lot, station.credentials, { clock });

/** Everything that a deriver makes of a range. */
async function unitsOf(open: OpenLot, range: Range): Promise<string[]> {
  const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
  const units: string[] = [];
  const needs = { claimCode: true, certificate: open.lot.scheme === 'x509-p256' };
  for await (const batch of portableDeriver.derive(open, range, { needs })) {
    for (let position = 0; position < batch.count; position++) {
      const { endpointKey, secret, claimCode, certificate } = batch.unit(position);
      units.push([endpointKey, secret, claimCode, certificate].map(hex).join(':'));
    }
  }
  return units;
}

describe('a granted station', () => {
  it.each<[string, Partial<LotRequest>, boolean]>([
    ['psk', {}, false],
    ['ed25519', { scheme: 'ed25519' }, false],
    ['p256', { scheme: 'p256' }, false],
    ['azure-dps', { scheme: 'azure-dps', size: 4200 }, false],
    [
      'x509-p256 with certificates',
      {
        scheme: 'x509-p256',
        size: 4105,
        spare: 0,
        x509: { issuing: { type: 'self-signed' }, subject: 'serial' },
      },
      false,
    ],
    [
      'x509-p256 with the CA key',
      { scheme: 'x509-p256', x509: { issuing: { type: 'self-signed' }, subject: 'serial' } },
      true,
    ],
  ])(
    'makes what the owner would make of %s, and nothing of other blocks',
    async (_name, change, issue) => {
      const code = await newLot(change);
      const { path, range } = await grant(code, { from: 4100, count: 2 }, { issue });
      expect(range).toEqual({ from: 4096, count: 4096 });
      await take(path);
      await using theirs = await openThere(code);
      await using mine = await openLot(owner.home, code, owner.credentials);
      const some = { from: 4099, count: 5 };
      expect(await unitsOf(theirs, some)).toEqual(await unitsOf(mine, some));
      expect(theirs.by).toBe('grant');
      expect(theirs.secrets.groupKey()).toBeUndefined();
      expect(theirs.secrets.issuerKey() !== undefined).toBe(issue);
      expect(await refusal(unitsOf(theirs, { from: 4095, count: 1 }))).toBe('outside-grant');
    },
    20_000,
  );

  it('seals with its own key what anybody can walk up to the owner’s', async () => {
    const code = await newLot();
    await take((await grant(code, { from: 0, count: 1 })).path);
    await using open = await openThere(code);
    const seal = {
      kind: 'planned' as const,
      provisioningKey: open.lot.provisioningKey,
      lotId: open.lot.lotId,
      format: 'csv' as const,
      columns: ['serial'],
      ranges: [{ from: 0, count: 10 }],
      count: 10,
      rowsPerChunk: 65_536 as const,
      chunks: ['0'.repeat(64)],
    };
    const jws = await sealManifest(seal, open.signerFor(seal.ranges));
    const walked = await verifyManifestSeal(jws, owner.card.provisioningKey);
    expect(walked.grant?.statement.stationKey).toBe(
      (await openStationCard(station.cardJws)).stationKey,
    );
  });

  it('shows no units of a grant that has ended', async () => {
    const code = await newLot({ size: 20_000 });
    const first = await grant(code, { from: 0, count: 1 });
    await take(first.path);
    const later = { now: () => new Date('2099-01-01T00:00:00Z') };
    const report = await showLot(station.home, code, later);
    expect(report.access).toBe('grant ended');
    expect(report.granted).toBeUndefined();
  });

  it('joins several grants of a lot, and seals by the one that has the range', async () => {
    const code = await newLot({ size: 20_000 });
    const first = await grant(code, { from: 0, count: 1 });
    const second = await grant(code, { from: 8192, count: 1 });
    for (const { path } of [first, second]) await take(path);
    expect(await showLot(station.home, code, made)).toMatchObject({
      access: 'grant',
      granted: [
        { from: 0, count: 4096 },
        { from: 8192, count: 4096 },
      ],
    });
    await using open = await openThere(code);
    expect(open.secrets.ranges).toHaveLength(2);
    expect(await unitsOf(open, { from: 8192, count: 1 })).toHaveLength(1);
    const signer = open.signerFor([{ from: 8200, count: 1 }]);
    const seals = open.grants.find(({ jws }) => jws === signer.grant);
    expect(seals?.statement.grantId).toBe(second.grantId);
    const both = (): unknown =>
      open.signerFor([
        { from: 0, count: 1 },
        { from: 8192, count: 1 },
      ]);
    expect(both).toThrow(expect.objectContaining({ code: 'outside-grant' }));
  });

  it('goes on with the grants that hold when one has ended, and stops when all have', async () => {
    const code = await newLot({ size: 20_000 });
    await take(
      (await grant(code, { from: 0, count: 1 }, { notAfter: '2026-03-31T23:59:59Z' })).path,
    );
    await take(
      (await grant(code, { from: 4096, count: 1 }, { notAfter: '2026-04-30T23:59:59Z' })).path,
    );
    await using open = await openThere(code, at('2026-04-01T00:00:00Z'));
    expect(open.warnings).toHaveLength(1);
    expect(open.secrets.ranges).toEqual([{ from: 4096, count: 4096 }]);
    expect(await refusal(openThere(code, at('2026-05-01T00:00:00Z')))).toBe('grant-expired');
  });

  it('refuses a grant that has ended before it is taken', async () => {
    const { path } = await grant(
      await newLot(),
      { from: 0, count: 1 },
      { notAfter: '2026-03-02T00:00:00Z' },
    );
    expect(await refusal(take(path, station, at('2026-03-03T00:00:00Z')))).toBe('grant-expired');
  });

  it('refuses a grant for another station, and one that was altered on its way', async () => {
    const { path } = await grant(await newLot(), { from: 0, count: 1 });
    await using other = await makeStation();
    expect(await refusal(take(path, other))).toBe('grant-foreign');
    const bytes = await readFile(path);
    bytes[bytes.length - 5] = (bytes.at(-5) ?? 0) ^ 1;
    await writeFile(`${path}.altered`, bytes);
    expect(await refusal(take(`${path}.altered`))).toBe('grant-invalid');
    expect(await refusal(take(path, owner))).toBe('no-station');
  });

  it('refuses a lot of another key than the work order says', async () => {
    const { path } = await grant(await newLot(), { from: 0, count: 1 });
    using content = await contentOf(path);
    const taken = importLot(station.home, content, {
      expectKey: provisioningKeyOf(Buffer.alloc(16)),
      credentials: () => station.credentials,
      clock: made,
    });
    expect(await refusal(taken)).toBe('key-mismatch');
  });
});

describe('lot grant', () => {
  it('writes an age file, 0600, that Debian’s age opens for the station', async () => {
    const code = await newLot();
    const { path, grantId } = await grant(code, { from: 0, count: 1 });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    // The station's identity is in its own age file, which the identity file opens.
    const identity = join(station.path, 'home', 'station', 'station.age');
    const secrets = execFileSync('age', [
      '-d',
      '-i',
      station.credentials.identityFile ?? '',
      identity,
    ]);
    const { ageIdentity } = JSON.parse(secrets.toString()) as { ageIdentity: string };
    const identityFile = join(station.path, 'age-identity');
    await writeFile(identityFile, `${ageIdentity}\n`, { mode: 0o600 });
    const plaintext = execFileSync('age', ['-d', '-i', identityFile, path]);
    const card = await openStationCard(station.cardJws);
    const opened = await openGrantPlaintext(plaintext, card, made.now());
    expect(opened.grant.statement.grantId).toBe(grantId);
    opened.secrets[Symbol.dispose]();
  });

  it('enters whole blocks in the book before the file is there, and refuses them afterwards', async () => {
    const code = await newLot();
    const { grantId } = await grant(code, { from: 5, count: 1 }, { why: 'run 7' });
    expect((await readAllocations(owner.home, code)).entries).toEqual([
      {
        ...{ at: '2026-03-01T08:00:00Z', from: 0, count: 4096, purpose: 'grant', who: 'line-1' },
        ...{ why: 'run 7', reference: grantId },
      },
    ]);
    expect(await refusal(grant(code, { from: 4095, count: 1 }))).toBe('already-allocated');
    expect(await refusal(access(join(owner.path, `grant-${files}`)))).toBe('ENOENT');
    await grant(code, { from: 4095, count: 1 }, { again: 'disk lost' });
    const { entries } = await readAllocations(owner.home, code);
    expect(entries.map(({ again }) => again)).toEqual([undefined, 'disk lost']);
    expect((await showLot(owner.home, code)).allocated).toBe(4096);
  });

  it.each<[string, string, Partial<GrantRequest>]>([
    ['beyond the lot', 'range-outside-lot', { range: { from: 10_099, count: 2 } }],
    ['for a card that is none', 'invalid-station-card', { card: 'card' }],
    ['that has ended already', 'usage', { notAfter: '2026-03-01T08:00:00Z' }],
    ['of a CA key that the scheme has not', 'usage', { issue: true }],
    [
      'to a place that is not there',
      'output-unwritable',
      { output: { path: '/nowhere/grant', force: false } },
    ],
    ['of an unknown lot', 'not-found', { lot: 'nothing' }],
  ])('%s is refused and leaves the book alone', async (_name, code, change) => {
    const lot = await newLot();
    expect(await refusal(grant(lot, { from: 0, count: 1 }, change))).toBe(code);
    expect((await readAllocations(owner.home, lot)).entries).toEqual([]);
  });

  it('does not replace a file that exists, nor enter the book for it', async () => {
    const lot = await newLot();
    const path = join(owner.path, 'taken');
    await writeFile(path, 'mine');
    const refused = grant(lot, { from: 0, count: 1 }, { output: { path, force: false } });
    expect(await refusal(refused)).toBe('output-exists');
    expect((await readAllocations(owner.home, lot)).entries).toEqual([]);
    expect(await readFile(path, 'utf8')).toBe('mine');
  });

  it('of a closed lot is refused', async () => {
    const lot = await newLot();
    await close(owner, lot);
    expect(await refusal(grant(lot, { from: 0, count: 1 }, { again: 'x' }))).toBe('lot-closed');
  });

  it('by a station is refused: it does not own the lot', async () => {
    const lot = await newLot();
    await take((await grant(lot, { from: 0, count: 1 })).path);
    const request = {
      ...{ lot, range: { from: 0, count: 1 }, card: station.cardJws, issue: false },
      output: { path: join(station.path, 'sub'), force: false },
    };
    const effects = { credentials: station.credentials, clock: made };
    expect(await refusal(grantLot(station.home, request, effects))).toBe('not-found');
  });
});
