import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Home, refuseWideMode } from '../../src/home/home.ts';
import { temporaryFolder } from '../keystore/credentials-of.ts';

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

test('a home is made for its owner alone, with the folders above it', async () => {
  await using folder = await temporaryFolder();
  const home = Home.at(join(folder.path, 'a', 'b'));
  await home.ensure();
  expect(await modeOf(home.path)).toBe(0o700);
  expect(await modeOf(await home.folder(home.keysDir))).toBe(0o700);
});

test('an empty folder that others may read becomes a home for its owner alone', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'home');
  await mkdir(path);
  await chmod(path, 0o777);
  await Home.at(path).ensure();
  expect(await modeOf(path)).toBe(0o700);
});

test('a home that others may write to is refused', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'something'), '');
  await chmod(folder.path, 0o720);
  await expect(Home.at(folder.path).ensure()).rejects.toMatchObject({ code: 'home-unsafe' });
});

test('a home that cannot be made says so', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'file'), '');
  const home = Home.at(join(folder.path, 'file', 'home'));
  await expect(home.ensure()).rejects.toMatchObject({ code: 'home-unwritable' });
  await expect(home.lock()).rejects.toMatchObject({ code: 'home-unwritable' });
});

test('the lock is held by one command at a time', async () => {
  await using folder = await temporaryFolder();
  const home = Home.at(folder.path);
  {
    await using _lock = await home.lock();
    await expect(home.lock()).rejects.toMatchObject({ code: 'home-busy' });
  }
  await using _again = await home.lock();
});

test('a secret file that others may read is refused, one that is missing is not', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'key.age');
  await refuseWideMode(path);
  await writeFile(path, '', { mode: 0o600 });
  await refuseWideMode(path);
  await chmod(path, 0o640);
  await expect(refuseWideMode(path)).rejects.toMatchObject({ code: 'home-unsafe' });
});
