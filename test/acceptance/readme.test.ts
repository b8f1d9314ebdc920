import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PROGRAM, ROOT, shell } from './cli.ts';
import { freePort } from './served-registry.ts';

/** A line of a person, and what the README shows below it. */
interface Typed {
  readonly line: string;
  readonly shown: string;
}

/** Names that a registry gave: another time they are others. */
const GIVEN = /tr_[0-9a-z]{26}/;

let folder: string;
let env: Record<string, string>;
const background: (() => Promise<unknown>)[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-readme-'));
  writeFileSync(join(folder, 'pass'), 'the passphrase of this test\n', { mode: 0o600 });
  env = { KEYLINE_HOME: join(folder, 'home'), KEYLINE_PASSPHRASE_FILE: join(folder, 'pass') };
});
afterAll(async () => {
  for (const end of background) await end();
  rmSync(folder, { recursive: true });
});

/** The lines of all blocks of what is said at a prompt, in their order. */
function typedLines(): Typed[] {
  const blocks = readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(
    /^```console\n([^]*?)^```$/gm,
  );
  return [...blocks].flatMap(([, block = '']) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const end = text.indexOf('\n');
        return { line: text.slice(0, end), shown: text.slice(end + 1) };
      }),
  );
}

/** Starts it and goes on once it has said that it is ready. */
async function start(line: string): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, ...line.split(' ').slice(1, -1)], {
    ...{ cwd: folder, env: { PATH: process.env['PATH'] ?? '', ...env } },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  background.push(async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  let said = '';
  for await (const bytes of child.stdout.iterator({ destroyOnReturn: false })) {
    said += String(bytes);
    if (/Ctrl-C|^http:/m.test(said)) break;
  }
  child.stdout.resume();
}

function exitCodeOf(shown: string): number {
  if (shown.includes('Error: ')) return 2;
  return / FAIL /.test(shown) ? 6 : 0;
}

it('every line of the README that is typed at a prompt works, one after the other', async () => {
  const port = String(await freePort());
  const names = new Map<string, string>();
  const lines = typedLines().filter(({ line }) => !line.startsWith('export '));
  expect(lines.length).toBeGreaterThan(20);
  for (const { line: text, shown } of lines) {
    const named = text.replace(GIVEN, (name) => names.get(name) ?? name);
    const atPort = named.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`);
    const line = atPort.replace('registry serve', `registry serve --listen 127.0.0.1:${port}`);
    if (line.endsWith(' &')) {
      await start(line);
      continue;
    }
    const ran = await shell(line, { cwd: folder, env });
    expect([line, ran.code]).toEqual([line, exitCodeOf(shown)]);
    const [before] = GIVEN.exec(shown) ?? [];
    const [now] = GIVEN.exec(ran.stdout) ?? [];
    if (before !== undefined && now !== undefined) names.set(before, now);
    // What is shown is what it says, line for line by its first word.
    const words = (said: string) =>
      said
        .trim()
        .split('\n')
        .map((one) => /^ *[a-z]+/.exec(one)?.[0]);
    if (shown.trim() !== '' && ran.code === 0 && !line.includes('station run')) {
      expect([line, words(ran.stdout)]).toEqual([line, words(shown)]);
    }
  }
});
