import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { tryLock } from '../../src/kernel/file-lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyline-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a lock is held by one at a time and free again when disposed', async () => {
  const path = join(folder, 'lock');
  const first = await tryLock(path);
  expect(first).toBeDefined();
  expect(await tryLock(path)).toBeUndefined();
  await first?.[Symbol.asyncDispose]();
  expect(await readdir(folder)).toEqual([]);
  await using again = await tryLock(path);
  expect(again).toBeDefined();
});

test('of many that try at once exactly one gets the lock', async () => {
  const path = join(folder, 'lock');
  const locks = await Promise.all(Array.from({ length: 50 }, () => tryLock(path)));
  expect(locks.filter((lock) => lock !== undefined)).toHaveLength(1);
});

test('a lock left by a process that has ended is taken over', async () => {
  const path = join(folder, 'lock');
  const ended = spawnSync(process.execPath, ['-e', '0']);
  await writeFile(path, `${ended.pid}\n`);
  expect(await tryLock(path)).toBeDefined();
});

test('a lock that a crash left without its owner’s name is taken over', async () => {
  const path = join(folder, 'lock');
  await writeFile(path, '');
  expect(await tryLock(path)).toBeDefined();
});

test('a lock that is taken leaves nothing beside it', async () => {
  const path = join(folder, 'lock');
  await using lock = await tryLock(path);
  expect(lock).toBeDefined();
  expect(await tryLock(path)).toBeUndefined();
  expect(await readdir(folder)).toEqual(['lock']);
});

test('a lock of another machine or container is held, until it is too old to be meant', async () => {
  const path = join(folder, 'lock');
  await writeFile(path, '1 1\nanother-machine pid:[1]\n');
  expect(await tryLock(path)).toBeUndefined();
  const longAgo = new Date(Date.now() - 3_600_000);
  await utimes(path, longAgo, longAgo);
  expect(await tryLock(path)).toBeDefined();
});

test('a lock that is held is renewed, so that it never looks too old elsewhere', async () => {
  const path = join(folder, 'lock');
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    await using lock = await tryLock(path);
    expect(lock).toBeDefined();
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(path, longAgo, longAgo);
    vi.advanceTimersByTime(300_000);
    await vi.waitUntil(async () => (await stat(path)).mtimeMs > Date.now() - 300_000);
    await lock?.[Symbol.asyncDispose]();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('a lock of an earlier process with the same id is taken over', async () => {
  const path = join(folder, 'lock');
  await writeFile(path, `${process.pid} 1`);
  expect(await tryLock(path)).toBeDefined();
});

test('of many that find an abandoned lock at once at most one takes it', async () => {
  const path = join(folder, 'lock');
  for (let round = 0; round < 20; round++) {
    await writeFile(path, '999999999 1');
    const locks = await Promise.all(Array.from({ length: 20 }, () => tryLock(path)));
    expect(locks.filter((lock) => lock !== undefined).length).toBeLessThanOrEqual(1);
    await rm(path, { force: true });
  }
});
