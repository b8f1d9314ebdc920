import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openUnitOutput } from '../../src/cli/unit-output.ts';

const UNIT = { index: 7, endpointSecret: 'es_canary' };
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyline-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

function command(json: boolean): Parameters<typeof openUnitOutput>[0] & { printed: string[] } {
  const printed: string[] = [];
  return {
    printed,
    signal: new AbortController().signal,
    jsonEnabled: () => json,
    print: (text) => {
      printed.push(text);
    },
  };
}

test('secrets never come with --json: they need a file, which --json only names', async () => {
  const choice = { reveal: true, force: false, inputs: [] };
  for (const path of [undefined, '-']) {
    const opened = openUnitOutput(command(true), { ...choice, path });
    await expect(opened).rejects.toMatchObject({ code: 'secret-to-terminal' });
  }
  const path = join(folder, 'unit.json');
  await using file = await openUnitOutput(command(true), { ...choice, path });
  expect(await file.write(UNIT)).toEqual({ index: 7, output: path });
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(UNIT);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a unit never replaces what the command reads', async () => {
  const path = join(folder, 'identity');
  await writeFile(path, 'AGE-…');
  const choice = { reveal: false, path, force: true, inputs: [path] };
  await expect(openUnitOutput(command(false), choice)).rejects.toMatchObject({
    code: 'output-is-input',
  });
});
