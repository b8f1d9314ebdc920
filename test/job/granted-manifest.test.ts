import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkManifest } from '../../src/job/check-manifest.ts';
import type { CheckChoices, CheckedManifest } from '../../src/job/check-manifest.ts';
import { createLot } from '../../src/job/create-lot.ts';
import { grantLot } from '../../src/job/grant-lot.ts';
import { importLot } from '../../src/job/import-lot.ts';
import { bookOf, openLot } from '../../src/job/open-lot.ts';
import { writeManifest } from '../../src/job/write-manifest.ts';
import type { WrittenManifest } from '../../src/job/write-manifest.ts';
import type { Range } from '../../src/model/range.ts';
import { contentOf, lotRequest, makeOwner, makeStation } from './lot-home.ts';
import type { TestHome } from './lot-home.ts';

let owner: Awaited<ReturnType<typeof makeOwner>>;
let station: Awaited<ReturnType<typeof makeStation>>;

beforeAll(async () => {
  owner = await makeOwner();
  station = await makeStation();
  await createLot(owner.home, lotRequest(), { credentials: owner.credentials });
  const path = join(owner.path, 'grant');
  const range = { from: 4096, count: 4096 };
  const request = { lot: 'A1', range, card: station.cardJws, issue: false };
  await grantLot(
    owner.home,
    { ...request, output: { path, force: false } },
    { credentials: owner.credentials },
  );
  using content = await contentOf(path);
  await importLot(station.home, content, { credentials: () => station.credentials });
});
afterAll(async () => {
  await owner[Symbol.asyncDispose]();
  await station[Symbol.asyncDispose]();
});

async function write(by: TestHome, name: string, range?: Range): Promise<WrittenManifest> {
  await using open = await openLot(by.home, 'A1', by.credentials);
  const choices = {
    ...{ withSecrets: true, format: 'csv' as const, gzip: false, recipients: [] },
    ...{ plaintext: true, force: true, output: join(by.path, name), range },
  };
  const take = (taken: Range): Promise<unknown> =>
    bookOf(by.home, open.lot).allocate({ range: taken, purpose: 'manifest', who: 'test' });
  return await writeManifest(open, choices, { workers: 0, allocate: take });
}

async function check(by: TestHome, choices: CheckChoices): Promise<CheckedManifest> {
  return checkManifest(choices, {
    home: by.home,
    credentials: () => by.credentials,
    hasCredentials: true,
    warn: () => undefined,
    workers: 0,
  });
}

test('a station writes its range, and everybody can verify it up to the owner’s key', async () => {
  const written = await write(station, 's.csv');
  expect(written.range).toEqual({ from: 4096, count: 4096 });
  const key = owner.card.provisioningKey;
  for (const by of [station, owner]) {
    const checked = await check(by, { file: written.output, key });
    expect(checked.issues).toEqual([]);
    expect(checked).toMatchObject({ derived: true, rows: 4096 });
    expect(checked.sealedBy).toMatchObject({ by: 'station', provisioningKey: key, test: false });
  }
});

test('a station writes and derives nothing beyond its grant', async () => {
  for (const range of [
    { from: 4095, count: 2 },
    { from: 0, count: 10_000 },
  ]) {
    await expect(write(station, 'x.csv', range)).rejects.toMatchObject({ code: 'outside-grant' });
  }
  const written = await write(owner, 'all.csv', { from: 0, count: 4096 });
  const checked = await check(station, { file: written.output });
  expect(checked).toMatchObject({ derived: false, issueCount: 0 });
});

test('the owner’s secrets of a granted range are out already', async () => {
  const granted = { from: 8000, count: 500 };
  await expect(write(owner, 'again.csv', granted)).rejects.toMatchObject({
    code: 'already-allocated',
  });
});

test('a manifest without a seal is compared with the lot that is named', async () => {
  const written = await write(owner, 'end.csv', { from: 9000, count: 1000 });
  const loose = join(owner.path, 'loose.csv');
  const content = await readFile(written.output, 'utf8');
  await writeFile(loose, content);
  const sound = await check(owner, { file: loose, lot: 'A1' });
  expect(sound).toMatchObject({ derived: true, issueCount: 0, rows: 1000 });
  const altered = content.replace(
    /(\n9500,[^,]*,ek_)(.)/,
    (_all, before: string, first: string) => before + (first === '7' ? '6' : '7'),
  );
  await writeFile(loose, altered);
  const { issues } = await check(owner, { file: loose, lot: 'A1' });
  expect(issues.map(({ code, line, column }) => [code, line, column])).toEqual([
    ['not-committed', 502, 'endpoint_secret'],
    ['not-derived', 502, 'endpoint_key'],
  ]);
});
