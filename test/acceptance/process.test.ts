import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyline, PROGRAM, shell } from './cli.ts';

interface Envelope {
  readonly result?: unknown;
  readonly warnings?: readonly string[];
  readonly error?: { readonly code: string };
}

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'keyline-process-'));
});
afterAll(() => {
  rmSync(cwd, { recursive: true, force: true });
});

describe('an error', () => {
  it('is two lines on standard error, at most 80 columns wide, and nothing on standard output', async () => {
    const { code, stdout, stderr } = await keyline(['lot', 'show', 'A1'], { cwd, env: home() });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^Error: .+\nHint: .+\n/);
    expect(Math.max(...stderr.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('has exactly four fields under --json', async () => {
    const { code, stdout, stderr } = await keyline(['lot', 'show', 'A1', '--json'], {
      ...{ cwd, env: home() },
    });
    const { error } = JSON.parse(stdout) as Envelope;
    expect({ code, stderr, fields: Object.keys(error ?? {}) }).toEqual({
      ...{ code: 2, stderr: '', fields: ['code', 'message', 'hint', 'facts'] },
    });
  });

  it('keeps a secret that was typed in the wrong place out of the trace of KEYLINE_DEBUG too', async () => {
    const secret = `ks_${'A'.repeat(43)}`;
    const env = { ...home(), KEYLINE_DEBUG: '1' };
    const { code, stdout, stderr } = await keyline(['key', 'check', secret], { cwd, env });
    expect(code).toBe(2);
    expect(stderr).toContain('    at ');
    expect(stdout + stderr).not.toContain(secret);
  });

  it('names the word that a command does not take', async () => {
    const { stderr } = await keyline(['doctor', 'now'], { cwd, env: home() });
    expect(stderr).toMatch(/^Error: `keyline doctor` takes no argument "now"\n/);
  });

  it.each([
    ['an unknown flag', ['doctor', '--frobnicate']],
    ['a missing argument', ['lot', 'show']],
    ['an argument too many', ['doctor', 'now']],
    ['a value that is none', ['batch', '--count', 'many']],
    ['an unknown command', ['frobnicate']],
    ['an unknown command of a topic', ['lot', 'frobnicate']],
  ])('of usage is code usage and exit 2 under --json too: %s', async (_, argv) => {
    const { code, stdout } = await keyline([...argv, '--json'], { cwd, env: home() });
    expect({ code, error: (JSON.parse(stdout) as Envelope).error?.code }).toEqual({
      ...{ code: 2, error: 'usage' },
    });
  });

  it('says so at once where a key must be opened and nobody can be asked', async () => {
    const { code, stdout } = await keyline(['key', 'create', '--json'], { cwd, env: home() });
    expect({ code, error: (JSON.parse(stdout) as Envelope).error?.code }).toEqual({
      ...{ code: 2, error: 'no-passphrase' },
    });
  });
});

describe('a result', () => {
  it('stands in an envelope under --json, without colour', async () => {
    const env = { ...home(), FORCE_COLOR: '3' };
    const { code, stdout } = await keyline(['doctor', '--json'], { cwd, env });
    expect(code).toBe(0);
    expect(Object.keys(JSON.parse(stdout) as Envelope)).toEqual(['result', 'warnings']);
  });
});

describe('the process', () => {
  it('ends with 130 at the first signal and leaves no file', async () => {
    const folder = mkdtempSync(join(cwd, 'signal-'));
    const argv = ['batch', '--count', '50000000', '--scheme', 'p256', '-o', 'big.csv'];
    const child = spawn(process.execPath, [PROGRAM, ...argv], { cwd: folder, stdio: 'ignore' });
    await appearance(folder);
    child.kill('SIGINT');
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, files: readdirSync(folder) }).toEqual({ code: 130, files: [] });
  });

  it.each([
    ['a secret', 'registry template set default -', '#'.repeat(900_000)],
    ['a manifest', 'manifest check -', `index,serial\n${rows(60_000)}`],
  ])('ends with 130 at the first signal while it waits for %s', async (_, line, input) => {
    const argv = [PROGRAM, ...line.split(' ')];
    const child = spawn(process.execPath, argv, { cwd, stdio: ['pipe', 'ignore', 'ignore'] });
    // More than a pipe holds: whoever takes it is reading.
    await new Promise((resolve) => child.stdin.write(input, resolve));
    child.kill('SIGINT');
    const code = await new Promise((resolve) => child.once('close', resolve));
    child.stdin.destroy();
    expect(code).toBe(130);
  });

  it('is done when the reader of its output has seen enough', async () => {
    const line = '(keyline batch --count 2000000; echo "code $?" >&2) | head -n 1';
    const { stdout, stderr } = await shell(line, { cwd });
    expect(stdout).toMatch(/^index,serial,/);
    expect(stderr).toBe('code 0\n');
  });

  it('says with --json on standard error that standard output has no room', async () => {
    const { code, stderr } = await shell('keyline doctor --json > /dev/full', { cwd });
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'disk-full' } });
  });

  it('says that there is no room at a file size limit, and leaves nothing', async () => {
    const folder = mkdtempSync(join(cwd, 'limit-'));
    const line = 'ulimit -f 100; keyline batch --count 500000 -o big.csv';
    const { code, stderr } = await shell(line, { cwd: folder });
    expect(stderr).toMatch(/^Error: no room to write/);
    expect({ code, files: readdirSync(folder) }).toEqual({ code: 2, files: [] });
  });

  it('says that there is no room when a short result meets a full device', async () => {
    const { code, stderr } = await shell('keyline doctor > /dev/full', { cwd });
    expect(stderr).toMatch(/^Error: no room to write/);
    expect(code).toBe(2);
  });
});

function home(): Record<string, string> {
  return { KEYLINE_HOME: join(cwd, 'home') };
}

/** Resolves when something stands in the folder. */
async function appearance(folder: string): Promise<void> {
  while (readdirSync(folder).length === 0) await new Promise((next) => setImmediate(next));
}

function rows(count: number): string {
  return Array.from({ length: count }, (_, index) => `${index},A-${index}\n`).join('');
}
