import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AtomicFile, writeFileAtomic } from '../../src/kernel/atomic-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyline-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a file appears only when it is committed, with its mode', async () => {
  const path = join(folder, 'out');
  {
    await using file = await AtomicFile.create(path, { mode: 0o600 });
    await file.handle.writeFile('whole');
    await expect(stat(path)).rejects.toThrow();
    await file.commit();
  }
  expect(await readFile(path, 'utf8')).toBe('whole');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['out']);
});

test('without a commit nothing is left behind', async () => {
  {
    await using file = await AtomicFile.create(join(folder, 'out'), { mode: 0o644 });
    await file.handle.writeFile('half');
  }
  expect(await readdir(folder)).toEqual([]);
});

test('an existing file is refused without force and replaced with it', async () => {
  const path = join(folder, 'out');
  await writeFile(path, 'old');
  await expect(writeFileAtomic(path, 'new', { mode: 0o644 })).rejects.toMatchObject({
    code: 'output-exists',
  });
  expect(await readFile(path, 'utf8')).toBe('old');
  await writeFileAtomic(path, 'new', { mode: 0o644, force: true });
  expect(await readFile(path, 'utf8')).toBe('new');
});

test('a file that appeared after the start is not overwritten', async () => {
  const path = join(folder, 'out');
  await using file = await AtomicFile.create(path, { mode: 0o644 });
  await writeFile(path, 'theirs');
  await expect(file.commit()).rejects.toMatchObject({ code: 'output-exists' });
  expect(await readFile(path, 'utf8')).toBe('theirs');
});

test('a folder that does not exist is an output that cannot be written', async () => {
  const path = join(folder, 'missing', 'out');
  await expect(writeFileAtomic(path, 'x', { mode: 0o644 })).rejects.toMatchObject({
    code: 'output-unwritable',
  });
});
