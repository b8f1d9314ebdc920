import { copyFile, cp, mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { tryLock } from '../../src/kernel/file-lock.ts';
import { openDatabase } from '../../src/kernel/sqlite.ts';
import { backupRegistry } from '../../src/service/backup-registry.ts';
import { initRegistry } from '../../src/service/init-registry.ts';
import { beginNewEpoch, restoreRegistry } from '../../src/service/restore-registry.ts';
import type { RestoreChoices } from '../../src/service/restore-registry.ts';
import { runService } from '../../src/service/run-service.ts';
import { currentEpoch } from '../../src/service/store/epoch.ts';
import { lastEvent } from '../../src/service/store/feed.ts';
import { openStore } from '../../src/service/store/open-store.ts';
import { refuseBroken, verifyAudit } from '../../src/service/verify-audit.ts';

let template: string;
let folder: string;
let database: string;
let backup: string;
let accountId: string;
let choices: RestoreChoices;

beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), 'keyline-restore-'));
  const [place, key, pass] = ['registry.sqlite', 'registry.key', 'pass'].map((name) =>
    join(template, name),
  ) as [string, string, string];
  await writeFile(pass, 'correct horse battery staple\n', { mode: 0o600 });
  const admin = { admin: 'root', adminPasswordFile: pass };
  ({ accountId } = await initRegistry({ database: place, masterKeyFile: key, ...admin }));
});
afterAll(() => rm(template, { recursive: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyline-restore-'));
  await cp(template, folder, { recursive: true });
  database = join(folder, 'registry.sqlite');
  backup = join(folder, 'registry.backup');
  const masterKeyFile = join(folder, 'registry.key');
  choices = { backup, database, masterKeyFile, force: true, dryRun: false };
});
afterEach(() => rm(folder, { recursive: true }));

/** So many events more. */
async function record(n: number, place = database): Promise<void> {
  await using store = await openStore(place, { create: false });
  await store.change({ actor: 'registry' }, (change) => {
    for (let at = 0; at < n; at++) change.record({ accountId, type: 'test.noted', subject: 'x' });
    return Promise.resolve();
  });
}

async function stateOf(place = database): Promise<{ epoch: string; events: number }> {
  await using store = await openStore(place, { create: false });
  const epoch = await currentEpoch(store.reader);
  return { epoch, events: await lastEvent(store.reader, accountId) };
}

const signal = new AbortController().signal;
const audits = (place = database) => verifyAudit({ database: place, signal });

it('writes one file of its owner’s, with what a registry in use holds at that moment', async () => {
  await using store = await openStore(database, { create: false });
  await record(5);
  const { events } = await stateOf();
  const written = await backupRegistry({ database, output: backup, force: false });
  await record(1);
  expect(written).toMatchObject({ file: backup, accounts: 1, devices: 0 });
  expect((await stat(backup)).mode & 0o777).toBe(0o600);
  expect((await readdir(folder)).filter((name) => name.startsWith('registry.backup'))).toEqual([
    basename(backup),
  ]);
  const [audit] = await audits(backup);
  expect(audit).toHaveProperty('entries');
  expect(await stateOf(backup)).toMatchObject({ events });
  expect(await currentEpoch(store.reader)).toBe(written.epoch);
});

it('refuses to write over a backup without --force, and over the registry itself with it', async () => {
  await writeFile(backup, 'an older one');
  const again = backupRegistry({ database, output: backup, force: false });
  await expect(again).rejects.toMatchObject({ code: 'output-exists' });
  const itself = backupRegistry({ database, output: database, force: true });
  await expect(itself).rejects.toMatchObject({ code: 'output-is-input' });
  const missing = join(folder, 'none.sqlite');
  const none = backupRegistry({ database: missing, output: backup, force: true });
  await expect(none).rejects.toMatchObject({ code: 'registry-missing' });
  await expect(stat(missing)).rejects.toMatchObject({ code: 'ENOENT' });
});

it('leaves no backup of a registry that is damaged', async () => {
  await record(2_000);
  await damage(database);
  const writing = backupRegistry({ database, output: backup, force: false });
  await expect(writing).rejects.toMatchObject({ code: 'registry-damaged' });
  expect((await readdir(folder)).filter((name) => name.includes('backup'))).toEqual([]);
});

it('brings back what was, in another epoch, and sets aside what is', async () => {
  await record(3);
  const before = await stateOf();
  await backupRegistry({ database, output: backup, force: false });
  await record(4);
  const { epoch, setAside = '' } = await restoreRegistry(choices);
  expect(await stateOf()).toEqual({ epoch, events: before.events + 1 });
  expect(epoch).not.toBe(before.epoch);
  expect(await stateOf(setAside)).toEqual({ epoch: before.epoch, events: before.events + 4 });
  refuseBroken(await audits());
  expect((await stat(database)).mode & 0o777).toBe(0o600);
  expect(await stateOf(backup)).toEqual(before);
});

it('takes nothing of the old registry’s log into the one that is restored', async () => {
  await backupRegistry({ database, output: backup, force: false });
  const before = await stateOf();
  // A process that is killed leaves its last commits in the log alone.
  const held = await openDatabase(database);
  held.prepare('SELECT count(*) FROM "audit"').get();
  await record(1);
  const killed = join(folder, 'killed.sqlite');
  for (const end of ['', '-wal']) await copyFile(database + end, killed + end);
  held.close();
  expect((await stat(`${killed}-wal`)).size).toBeGreaterThan(0);
  const { setAside = '' } = await restoreRegistry({ ...choices, database: killed });
  expect((await stateOf(killed)).events).toBe(before.events + 1);
  expect((await stateOf(setAside)).events).toBe(before.events + 1);
  expect((await audits(killed))[0]).toHaveProperty('entries');
});

it('restores to an empty place without --force, and over a registry only with it', async () => {
  const written = await backupRegistry({ database, output: backup, force: false });
  const over = restoreRegistry({ ...choices, force: false });
  await expect(over).rejects.toMatchObject({ code: 'output-exists' });
  const elsewhere = join(folder, 'restored.sqlite');
  const restored = await restoreRegistry({ ...choices, database: elsewhere, force: false });
  expect(restored).not.toHaveProperty('setAside');
  expect(await stateOf()).toMatchObject({ epoch: written.epoch });
});

it('changes nothing in a dry run, or while the registry is served', async () => {
  await backupRegistry({ database, output: backup, force: false });
  const before = await stateOf();
  expect(await restoreRegistry({ ...choices, dryRun: true })).not.toHaveProperty('epoch');
  await using _serving = await tryLock(`${database}.lock`);
  await expect(restoreRegistry(choices)).rejects.toMatchObject({ code: 'registry-busy' });
  await expect(beginNewEpoch(choices)).rejects.toMatchObject({ code: 'registry-busy' });
  expect(await stateOf()).toEqual(before);
});

it('leaves the tables as they are in a dry run, or while the registry is served', async () => {
  const file = await openDatabase(database);
  // Tables that are there already cannot be brought forward from nothing: whoever tries it fails.
  file.exec(`UPDATE "keylineRegistry" SET "value" = '0' WHERE "name" = 'schemaVersion'`);
  file.close();
  expect(await beginNewEpoch({ ...choices, dryRun: true })).toEqual({ database });
  await using _serving = await tryLock(`${database}.lock`);
  await expect(beginNewEpoch(choices)).rejects.toMatchObject({ code: 'registry-busy' });
  const { masterKeyFile } = choices;
  const served = runService(
    {
      ...{ database, masterKeyFile, listen: '127.0.0.1:0', insecureHttp: false },
      ...{ logLevel: 'silent', version: '0.0.0' },
    },
    { signal, logTo: { write: () => undefined }, onReady: () => undefined },
  );
  await expect(served).rejects.toMatchObject({ code: 'registry-busy' });
});

it.each([
  ['is cut short', 'registry-damaged'],
  ['was altered', 'registry-damaged'],
  ['is a text', 'registry-damaged'],
  ['is missing', 'not-found'],
  ['is of a later keyline', 'registry-newer'],
  ['is of another master key', 'master-key-invalid'],
  ['is a registry in use', 'registry-damaged'],
] as const)('refuses a backup that %s, and changes nothing', async (how, code) => {
  await record(2_000);
  const before = await stateOf();
  if (how !== 'is missing') await backupRegistry({ database, output: backup, force: false });
  const { size } = await stat(how === 'is missing' ? database : backup);
  await using handle = await open(how === 'is missing' ? database : backup, 'r+');
  if (how === 'is cut short') await handle.truncate(Math.floor(size / 8_192) * 4_096);
  else if (how === 'was altered') await damage(backup);
  else if (how === 'is a text') await writeFile(backup, 'no database, but long enough to be seen');
  else if (how === 'is a registry in use') await writeFile(`${backup}-wal`, 'a log');
  else if (how !== 'is missing') {
    const file = await openDatabase(backup);
    const [name, value] =
      how === 'is of a later keyline' ? ['schemaVersion', '999'] : ['keyCheck', '00'];
    file.prepare('UPDATE "keylineRegistry" SET "value" = ? WHERE "name" = ?').run(value, name);
    file.close();
  }
  for (const dryRun of [true, false]) {
    await expect(restoreRegistry({ ...choices, dryRun })).rejects.toMatchObject({ code });
  }
  expect(await stateOf()).toEqual(before);
  expect(await readdir(dirname(database))).not.toContainEqual(expect.stringMatching(/partial$/));
});

it('begins a new epoch where a file was brought back by other means', async () => {
  const before = await stateOf();
  const begun = await beginNewEpoch(choices);
  expect(begun.epoch).not.toBe(before.epoch);
  expect(await stateOf()).toEqual({ epoch: begun.epoch, events: before.events + 1 });
  await writeFile(choices.masterKeyFile, `km_${'A'.repeat(43)}\n`);
  await expect(beginNewEpoch(choices)).rejects.toMatchObject({ code: 'master-key-invalid' });
});

it.each([
  ['an altered entry', `UPDATE "audit" SET "body" = '{}' WHERE "seq" = 2`, 2],
  ['a missing entry', 'DELETE FROM "audit" WHERE "seq" = 2', 2],
  ['a missing end', 'DELETE FROM "audit" WHERE "seq" >= 4', 4],
])('finds %s of an account’s chain, in a registry and in its backup', async (_, sql, brokenAt) => {
  await record(3);
  const planted = await openDatabase(database);
  planted.exec(sql);
  planted.close();
  await backupRegistry({ database, output: backup, force: false });
  for (const place of [database, backup]) {
    const found = await audits(place);
    expect(found).toMatchObject([{ handle: 'platform', brokenAt }]);
    expect(() => {
      refuseBroken(found);
    }).toThrow(expect.objectContaining({ code: 'audit-broken' }));
  }
  const unknown = verifyAudit({ database, account: 'nobody', signal });
  await expect(unknown).rejects.toMatchObject({ code: 'not-found' });
});

/** Overwrites a page in the middle of what rows lie in. */
async function damage(path: string): Promise<void> {
  const file = await openDatabase(path);
  file.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  file.close();
  await using handle = await open(path, 'r+');
  const { size } = await handle.stat();
  await handle.write(Buffer.alloc(4_096, 0x5a), 0, 4_096, Math.floor(size / 8_192) * 4_096);
}
