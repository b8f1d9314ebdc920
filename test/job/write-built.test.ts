import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureLedgerFolder } from '../../src/home/ledger-paths.ts';
import { checkManifest } from '../../src/job/check-manifest.ts';
import type { CheckedManifest } from '../../src/job/check-manifest.ts';
import { createLot } from '../../src/job/create-lot.ts';
import { gatherLedgers } from '../../src/job/gather-ledgers.ts';
import { grantLot } from '../../src/job/grant-lot.ts';
import { importLot } from '../../src/job/import-lot.ts';
import { openLot } from '../../src/job/open-lot.ts';
import { openStation } from '../../src/job/open-station.ts';
import { writeBuilt } from '../../src/job/write-built.ts';
import type { BuiltManifestChoices, WrittenBuilt } from '../../src/job/write-built.ts';
import { writeManifest } from '../../src/job/write-manifest.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { Lot } from '../../src/model/lot.ts';
import { verifyManifestSeal } from '../../src/seals/manifest-seal.ts';
import { refusal } from '../seals/fixtures.ts';
import { contentOf, lotRequest, makeOwner, makeStation } from './lot-home.ts';
import type { TestHome } from './lot-home.ts';

let owner: Awaited<ReturnType<typeof makeOwner>>;
let station: Awaited<ReturnType<typeof makeStation>>;
let lot: Lot;
const grantIds: string[] = [];

const clock = { now: () => new Date('2026-11-25T12:00:00.000Z') };
const at = (name: string): string => join(station.path, name);

/** A station with two grants of one block each, three of whose devices passed under the first one. */
beforeAll(async () => {
  owner = await makeOwner();
  station = await makeStation();
  const { credentials } = owner;
  ({ lot } = await createLot(owner.home, lotRequest(), { credentials }));
  for (const from of [0, 8192]) {
    const path = join(owner.path, `grant-${from}`);
    const range = { from, count: 100 };
    const request = { lot: 'A1', range, card: station.cardJws, issue: false };
    await grantLot(owner.home, { ...request, output: { path, force: false } }, { credentials });
    using content = await contentOf(path);
    await importLot(station.home, content, { credentials: () => station.credentials });
  }
  await using open = await openLot(station.home, 'A1', station.credentials);
  grantIds.push(
    ...[...open.grants]
      .sort((a, b) => (a.statement.ranges[0]?.from ?? 0) - (b.statement.ranges[0]?.from ?? 0))
      .map(({ statement }) => statement.grantId),
  );
  await record(station, async (ledger) => {
    await admit(ledger, 0, 4096);
    await passed(ledger, 'id,"0"', { imei: '49015420323751', note: 'a, "b"' });
    await failed(ledger, 'id-1');
    await passed(ledger, 'id-2', { imei: '49015420323752' });
    await ledger.reserve({ hardwareId: 'id-3', lotId: lot.lotId });
    await passed(ledger, 'id-4');
  });
});
afterAll(async () => {
  await owner[Symbol.asyncDispose]();
  await station[Symbol.asyncDispose]();
});

async function record(by: TestHome, work: (ledger: Ledger) => Promise<void>): Promise<void> {
  using open = await openStation(by.home, by.credentials);
  const path = await ensureLedgerFolder(by.home);
  await using ledger = await openLedger(path, { station: open, toolVersion: '0.1.0', clock });
  await work(ledger);
}

const admit = (ledger: Ledger, from: number, count: number): Promise<unknown> =>
  ledger.admit({ lotId: lot.lotId, size: 10_000, spare: 100, ranges: [{ from, count }] });

async function begun(ledger: Ledger, hardwareId: string) {
  const { index } = await ledger.reserve({ hardwareId, lotId: lot.lotId });
  const unit = { lotId: lot.lotId, index, hardwareId };
  await ledger.record({ type: 'writing', ...unit });
  await ledger.record({ type: 'written', ...unit });
  return unit;
}

async function passed(
  ledger: Ledger,
  hardwareId: string,
  captures?: Record<string, string>,
): Promise<void> {
  const unit = await begun(ledger, hardwareId);
  const proof = { evidence: { kind: 'proof', detail: 'hmac' }, idAfter: hardwareId } as const;
  await ledger.record({ type: 'verified', ...unit, ...proof, ...(captures && { captures }) });
}

async function failed(ledger: Ledger, hardwareId: string): Promise<void> {
  const unit = await begun(ledger, hardwareId);
  await ledger.record({ type: 'failed', ...unit, code: 'not-stored', reason: 'gone again' });
}

async function write(
  name: string,
  change: Partial<BuiltManifestChoices> = {},
  by: TestHome = station,
  ledgers: readonly string[] = [],
): Promise<WrittenBuilt> {
  await using open = await openLot(by.home, 'A1', by.credentials, { clock });
  using gathered = await gatherLedgers(by.home, ledgers);
  const choices = { format: 'csv' as const, gzip: false, recipients: [], force: true };
  const target = { output: join(by.path, name), ...change };
  const effects = { workers: 0, clock };
  return await writeBuilt(open, gathered.ledgers, { ...choices, ...target }, effects);
}

async function check(name: string, hasCredentials = true): Promise<CheckedManifest> {
  return checkManifest(
    { file: at(name), lot: hasCredentials ? 'A1' : undefined },
    {
      home: station.home,
      credentials: () => station.credentials,
      hasCredentials,
      warn: () => undefined,
      workers: 0,
    },
  );
}

const codes = ({ issues }: CheckedManifest): string[] =>
  issues.map(({ code, line, column }) => [code, line, column].filter(Boolean).join(' '));

describe('an as-built manifest', () => {
  it('has the verified units alone, with device, time, station and captures', async () => {
    const written = await write('built.csv');
    expect(written).toMatchObject({ kind: 'as-built', rows: 3, grant: grantIds[0] });
    const [header, ...rows] = (await readFile(at('built.csv'), 'utf8')).trimEnd().split('\n');
    expect(header).toBe(
      'index,serial,endpoint_key,claim_digest,hardware_id,verified_at,station,capture.imei,capture.note',
    );
    const time = '2026-11-25T12:00:00.000Z';
    expect(rows.map((row) => row.replace(/ek_\w+,[0-9a-f]{64}/, 'KEYS'))).toEqual([
      `0,ACME-A1-00000000,KEYS,"id,""0""",${time},line-1,49015420323751,"a, ""b"""`,
      `2,ACME-A1-00000002,KEYS,id-2,${time},line-1,49015420323752,`,
      `4,ACME-A1-00000004,KEYS,id-4,${time},line-1,,`,
    ]);
    // The derived part is what the planned manifest has.
    await using open = await openLot(owner.home, 'A1', owner.credentials);
    const planned = join(owner.path, 'planned.csv');
    const choices = { withSecrets: false, format: 'csv', gzip: false, recipients: [] } as const;
    await writeManifest(
      open,
      { ...choices, plaintext: false, force: true, output: planned, range: { from: 0, count: 4 } },
      { workers: 0 },
    );
    const [, zero = '', , two = ''] = (await readFile(planned, 'utf8')).split('\n');
    expect(rows[0]?.startsWith(`${zero},`)).toBe(true);
    expect(rows[1]?.startsWith(`${two},`)).toBe(true);
  });

  it('is sealed by the station under its grant, and everybody can check that', async () => {
    await write('sealed.csv');
    const { seal, grant } = await verifyManifestSeal(
      (await readFile(at('sealed.csv.seal'), 'utf8')).trim(),
      lot.provisioningKey,
    );
    expect(grant?.statement.grantId).toBe(grantIds[0]);
    expect(seal).toMatchObject({
      kind: 'as-built',
      count: 3,
      ranges: [
        { from: 0, count: 1 },
        { from: 2, count: 1 },
        { from: 4, count: 1 },
      ],
      createdAt: '2026-11-25T12:00:00Z',
    });
    expect(await check('sealed.csv')).toMatchObject({ issues: [], derived: true, rows: 3 });
    expect(await check('sealed.csv', false)).toMatchObject({ issues: [], derived: false });
  });

  it('is the same as NDJSON, in gzip, and with other columns', async () => {
    await write('built.ndjson.gz', { format: 'ndjson', gzip: true });
    expect(await check('built.ndjson.gz')).toMatchObject({ issues: [], derived: true, rows: 3 });
    await write('built.ndjson', {
      format: 'ndjson',
      columns: ['serial', 'endpoint_key:hex', 'hardware_id', 'capture.imei', 'verified_at'],
    });
    const [first = ''] = (await readFile(at('built.ndjson'), 'utf8')).split('\n');
    expect(Object.keys(JSON.parse(first) as object)).toEqual([
      'serial',
      'endpointKey',
      'hardwareId',
      'capture.imei',
      'verifiedAt',
    ]);
    expect(await check('built.ndjson')).toMatchObject({ issues: [], derived: true });
    expect(await refusal(write('x', { columns: ['hardware_id', 'serial'] }))).toBe(
      'invalid-columns',
    );
    expect(await refusal(write('x', { columns: ['serial', 'hardware'] }))).toBe('invalid-columns');
    expect(await refusal(write('x', { columns: ['serial', 'endpoint_secret'] }))).toBe(
      'secret-columns',
    );
    expect(existsSync(at('x'))).toBe(false);
  });

  it('that was altered is found out, line and column', async () => {
    await write('good.csv');
    const good = await readFile(at('good.csv'), 'utf8');
    const seal = await readFile(at('good.csv.seal'), 'utf8');
    const [header = '', zero = '', two = '', three = ''] = good.split('\n');
    const [key] = /ek_\w+/.exec(zero) ?? [''];
    const alter = async (...lines: string[]): Promise<string[]> => {
      await writeFile(at('bad.csv'), `${lines.join('\n')}\n`);
      await writeFile(at('bad.csv.seal'), seal);
      return codes(await check('bad.csv'));
    };
    expect(await alter(header, zero, two, three)).toEqual([]);
    expect(await alter(header, zero, two)).toEqual(['wrong-count', 'seal-mismatch']);
    expect(await alter(header, zero, three, two)).toEqual([
      'index-repeat 4 index',
      'seal-mismatch',
    ]);
    expect(await alter(header, zero, two.replace(/ek_\w+/, key), three)).toEqual([
      'repeated-value 3 endpoint_key',
      'seal-mismatch',
    ]);
    expect(await alter(header, zero, two.replace('id-2', 'id-4'), three)).toEqual([
      'repeated-value 4 hardware_id',
      'seal-mismatch',
    ]);
    expect(await alter(header, zero, two.replace('id-2', ''), three)).toEqual([
      'wrong-type 3 hardware_id',
      'seal-mismatch',
    ]);
    expect(await alter(header, zero, two.replace('T12:', ' 12:'), three)).toEqual([
      'wrong-type 3 verified_at',
      'seal-mismatch',
    ]);
    const another = two.replace(/ek_\w{26}/, `ek_${'0'.repeat(26)}`);
    expect(await alter(header, zero, another, three)).toEqual([
      'not-derived 3 endpoint_key',
      'seal-mismatch',
    ]);
    const five = three.replace('4,ACME-A1-00000004', '5,ACME-A1-00000005');
    expect(await alter(header, zero, two, five)).toEqual([
      'outside-range 4 index',
      'seal-mismatch',
    ]);
    expect(await alter(header.replace('hardware_id', 'device'), zero, two, three)).toContain(
      'unknown-column 1 device',
    );
  });

  it('rests on one grant: units of two are written one grant after the other', async () => {
    await record(station, async (ledger) => {
      await admit(ledger, 8192, 1);
      await ledger.reserve({
        ...{ hardwareId: 'id-8192', lotId: lot.lotId },
        ranges: [{ from: 8192, count: 1 }],
      });
      const unit = { lotId: lot.lotId, index: 8192, hardwareId: 'id-8192' };
      await ledger.record({ type: 'writing', ...unit });
      await ledger.record({ type: 'written', ...unit });
      const proof = { evidence: { kind: 'proof', detail: '' }, idAfter: 'id-8192' } as const;
      await ledger.record({ type: 'verified', ...unit, ...proof });
    });
    expect(await refusal(write('both.csv'))).toBe('outside-grant');
    for (const [place, grant] of grantIds.entries()) {
      const name = `part-${place}.csv`;
      expect(await write(name, { grant })).toMatchObject({ rows: [3, 1][place], grant });
      expect(await check(name)).toMatchObject({ issues: [], derived: true });
    }
    expect(await write('range.csv', { range: { from: 2, count: 9000 - 2 } }).catch(String)).toMatch(
      /no one grant/,
    );
    expect(await write('range.csv', { range: { from: 2, count: 100 } })).toMatchObject({ rows: 2 });
    expect(await refusal(write('no.csv', { grant: 'kg_00000000000000000000000000' }))).toBe(
      'not-found',
    );
    expect(await refusal(write('no.csv', { range: { from: 100, count: 5 } }))).toBe('not-found');
  });

  it('is written by the owner from his stations’ ledgers, and refused while they conflict', async () => {
    const ledger = await ensureLedgerFolder(station.home);
    const written = await write('owner.csv', {}, owner, [ledger]);
    expect(written).toMatchObject({ rows: 4, seal: join(owner.path, 'owner.csv.seal') });
    expect(written.grant).toBeUndefined();
    const other = await makeStation();
    try {
      await record(other, async (second) => {
        await admit(second, 0, 1);
        await passed(second, 'id-9');
      });
      const both = [ledger, await ensureLedgerFolder(other.home)];
      expect(await refusal(write('conflict.csv', {}, owner, both))).toBe('ledger-conflict: units');
      expect(existsSync(join(owner.path, 'conflict.csv'))).toBe(false);
    } finally {
      await other[Symbol.asyncDispose]();
    }
  });
});
