import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openOutput } from '../../src/manifest/open-output.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-output-'));
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

const OPTIONS = { secret: false, force: false };
const at = (name: string): string => join(folder, name);

describe('a regular output file', () => {
  test('appears at its commit, with nothing beside it', async () => {
    {
      await using output = await openOutput(at('m.csv'), OPTIONS);
      await output.write(Buffer.from('serial\n'));
      expect(existsSync(at('m.csv'))).toBe(false);
      await output.sync();
      await output.commit();
    }
    expect(readFileSync(at('m.csv'), 'utf8')).toBe('serial\n');
    expect(readdirSync(folder)).toEqual(['m.csv']);
  });

  test('leaves nothing without a commit', async () => {
    {
      await using output = await openOutput(at('m.csv'), OPTIONS);
      await output.write(Buffer.from('serial\n'));
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is 0600 when it holds secrets, from its first byte', async () => {
    await using output = await openOutput(at('m.csv'), { ...OPTIONS, secret: true });
    for (const name of readdirSync(folder)) expect(statSync(at(name)).mode & 0o077).toBe(0);
    await output.commit();
    expect(statSync(at('m.csv')).mode & 0o777).toBe(0o600);
  });

  test('that exists is refused, and replaced with force', async () => {
    writeFileSync(at('m.csv'), 'old');
    await expect(openOutput(at('m.csv'), OPTIONS)).rejects.toMatchObject({ code: 'output-exists' });
    {
      await using output = await openOutput(at('m.csv'), { ...OPTIONS, force: true });
      await output.write(Buffer.from('new'));
      await output.commit();
    }
    expect(readFileSync(at('m.csv'), 'utf8')).toBe('new');
  });

  test('named by a link replaces what the link names', async () => {
    writeFileSync(at('m.csv'), 'old');
    symlinkSync(at('m.csv'), at('link'));
    {
      await using output = await openOutput(at('link'), { ...OPTIONS, force: true });
      await output.write(Buffer.from('new'));
      await output.commit();
    }
    expect(readFileSync(at('m.csv'), 'utf8')).toBe('new');
  });

  test('is refused to a second writer until the first has ended', async () => {
    {
      await using first = await openOutput(at('m.csv'), OPTIONS);
      await expect(openOutput(at('m.csv'), OPTIONS)).rejects.toMatchObject({ code: 'output-busy' });
      await first.write(Buffer.from('x'));
    }
    await using second = await openOutput(at('m.csv'), OPTIONS);
    await second.commit();
  });

  test('may not be a file that the command reads, by whatever name', async () => {
    writeFileSync(at('identity'), 'AGE-…');
    symlinkSync(at('identity'), at('other-name'));
    for (const name of ['identity', 'other-name']) {
      await expect(
        openOutput(at(name), { ...OPTIONS, force: true, inputs: [at('identity')] }),
      ).rejects.toMatchObject({ code: 'output-is-input' });
    }
    await expect(
      openOutput(at('new'), { ...OPTIONS, inputs: [join(folder, '.', 'new')] }),
    ).rejects.toMatchObject({ code: 'output-is-input' });
  });

  test('may not lie in a folder of which the command lives, by whatever way', async () => {
    const keys = at('keys');
    mkdirSync(keys);
    writeFileSync(join(keys, 'kp.age'), 'age');
    symlinkSync(keys, at('there'));
    symlinkSync(join(keys, 'kp.age'), at('link'));
    const options = { ...OPTIONS, force: true, inputs: [keys, at('missing')] };
    for (const name of ['keys/kp.age', 'keys/new.csv', 'there/kp.age', 'link']) {
      const opened = openOutput(at(name), options);
      await expect(opened, name).rejects.toMatchObject({ code: 'output-is-input' });
    }
    await using beside = await openOutput(at('keys.csv'), options);
    expect(beside.kind).toBe('file');
  });

  test('in a folder that is not there, or for a folder, is unwritable', async () => {
    for (const path of [at('none/m.csv'), folder]) {
      await expect(openOutput(path, OPTIONS)).rejects.toMatchObject({ code: 'output-unwritable' });
    }
  });
});

describe('a special output', () => {
  test('/dev/null takes everything', async () => {
    await using output = await openOutput('/dev/null', OPTIONS);
    expect(output.kind).toBe('direct');
    await output.write(Buffer.alloc(100_000));
    await output.commit();
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('/dev/full is a full disk', async () => {
    await using output = await openOutput('/dev/full', OPTIONS);
    await expect(output.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'disk-full' });
  });

  test('a named pipe gives its reader every byte', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    const block = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, index) => index & 0xff));
    const reading = readFile(at('pipe'));
    {
      await using output = await openOutput(at('pipe'), OPTIONS);
      const lent = Uint8Array.from(block);
      await output.write(lent);
      lent.fill(0);
      await output.write(block);
    }
    const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
    expect(digest(await reading)).toBe(digest(Buffer.concat([block, block])));
  });

  test('says that the reader of a named pipe went away', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    const reader = openSync(at('pipe'), constants.O_RDONLY | constants.O_NONBLOCK);
    await using output = await openOutput(at('pipe'), OPTIONS);
    closeSync(reader);
    const block = Buffer.alloc(100_000);
    await expect(output.write(block)).rejects.toMatchObject({ code: 'reader-gone' });
    await expect(output.write(block)).rejects.toMatchObject({ code: 'reader-gone' });
  });

  test('waiting for the reader of a named pipe ends with the signal', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    const abort = new AbortController();
    const opening = openOutput(at('pipe'), { ...OPTIONS, signal: abort.signal });
    abort.abort();
    await expect(opening).rejects.toMatchObject({ code: 'interrupted' });
  });
});
