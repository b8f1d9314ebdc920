import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { textLines } from '../../src/kernel/text-lines.ts';
import { refusal } from '../seals/fixtures.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyline-lines-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function read(content: string, turns = 0): Promise<string[]> {
  const path = join(folder, 'text');
  await writeFile(path, content);
  const lines = textLines(path);
  for (let at = 0; at < turns; at++) await setImmediate();
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

describe('the lines of a file', () => {
  it('are all there, with either line end, and with none after the last', async () => {
    expect(await read('a\r\nb\n\nc')).toEqual(['a', 'b', '', 'c']);
    expect(await read('')).toEqual([]);
    const many = Array.from({ length: 20_000 }, (_, at) => `line ${at}`);
    expect(await read(`${many.join('\n')}\n`)).toEqual(many);
  });

  it('are all there however late somebody asks for them', async () => {
    expect(await read('a\nb\n', 50)).toEqual(['a', 'b']);
  });

  it('end with the error of a file that cannot be read, not as if it were empty', async () => {
    expect(await refusal(textLines(join(folder, 'no')).next())).toBe('ENOENT');
    expect(await refusal(textLines(folder).next())).toBe('EISDIR');
  });
});
