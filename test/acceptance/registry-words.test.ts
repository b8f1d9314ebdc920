import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROGRAM } from './cli.ts';
import { ServedRegistry } from './served-registry.ts';

let served: ServedRegistry;

beforeAll(async () => {
  served = await ServedRegistry.start({
    acme: ['factory-engineer', 'provisioner'],
    widgets: ['customer-admin'],
    line: ['station'],
  });
  await served.must('key create --label widgets');
  await served.must('lot create A1 --size 10 --serial A1-{n:2}');
  await served.must('registry key add widgets', 'acme');
  await served.must('escrow register A1', 'acme');
  served.write('no.token', ['kt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']);
  served.write('no.password', ['another password']);
  served.write('empty', ['']);
}, 60_000);
afterAll(() => served[Symbol.asyncDispose]());

/** What goes wrong, and a word without which one would not know how to go on. */
const MISTAKES: readonly (readonly [line: string, code: number, error: string, word: string])[] = [
  ['registry init --admin a --admin-password-file pass', 2, 'usage', '3 to 128'],
  ['registry init --admin root2', 2, 'usage', '--admin-password-file is missing'],
  ['registry init --admin root2 --admin-password-file none', 2, 'not-found', 'no file none'],
  ['registry login', 2, 'login-incomplete', '--password-file'],
  ['registry login --context new --login x --password-file pass', 2, 'usage', 'https://HOST'],
  ['registry login registry.example --login x', 2, 'usage', 'https://HOST'],
  ['registry login URL --login acme --password-file none', 2, 'not-found', 'no file none'],
  ['registry login URL --login acme --password-file no.password', 5, 'unauthenticated', 'again'],
  ['registry login URL --login acme --password-file empty', 2, 'usage', 'empty is empty'],
  ['registry login URL --login a --password-file pass --code 1', 2, 'usage', 'six digits'],
  ['registry join URL --account acme --login ann --password-file empty', 2, 'usage', '12'],
  ['registry totp confirm', 2, 'usage', '--code DIGITS'],
  ['registry totp remove --code abcdef', 2, 'usage', 'six digits'],
  ['registry login TLS --login acme --password-file pass', 5, 'registry-scheme', 'http://'],
  ['registry whoami --context nobody', 5, 'unauthenticated', 'acme'],
  ['registry user show nobody', 5, 'forbidden', 'account-admin'],
  ['fleet list --token-file no.token', 5, 'unauthenticated', 'token file'],
  ['fleet list --token-file none', 2, 'not-found', 'no file none'],
  ['fleet show', 2, 'usage', 'DEVICE is missing'],
  ['fleet show X-1', 5, 'object-unknown', 'whoami'],
  ['fleet show ./devices.txt', 5, 'object-unknown', 'whoami'],
  ['fleet events --after yesterday', 2, 'usage', 'fleet events'],
  ['escrow cancel ./devices.txt --yes', 2, 'not-found', 'no file ./devices.txt'],
  ['escrow register A1 --context line', 5, 'object-unknown', '--add-lot'],
  ['escrow register A9', 2, 'not-found', 'lot list'],
  ['escrow register A1.csv', 2, 'not-found', 'no file A1.csv'],
  ['transfer request A1', 2, 'usage', '--to is missing'],
  ['transfer request A1 --to widgets', 5, 'state-conflict', '--include-planned'],
  ['transfer request --devices A1-03 --to widgets', 5, 'state-conflict', '--include-planned'],
  ['transfer request --to widgets', 2, 'usage', '--devices'],
  ['transfer request A1 --devices A1-03 --to widgets', 2, 'usage', 'one of them'],
  ['transfer request A1 --to nobody --include-planned', 5, 'object-unknown', 'handle'],
  ['transfer request A1 --to widgets --expires 3s', 2, 'usage', '14d'],
  ['transfer show', 2, 'usage', 'TRANSFER is missing'],
  ['transfer show tr_none', 5, 'object-unknown', 'whoami'],
];

describe('what goes wrong', () => {
  it.each(MISTAKES)('says what to do: %s', async (line, code, error, word) => {
    const at = line.replace('URL', served.url).replace('TLS', served.url.replace('http', 'https'));
    const said = await served.ask('acme', at);
    const { message = '', hint = '' } = said.error ?? {};
    expect([said.code, said.error?.code]).toEqual([code, error]);
    expect(`${message}\n${hint}`).toContain(word);
  });
});

describe('a list without a row', () => {
  it.each([
    'escrow list --state active',
    'fleet list --model none',
    'transfer list',
    'transfer approval list',
  ])('is one line: %s', async (line) => {
    const { code, stdout, stderr } = await served.run('acme', line);
    expect([code, stdout.trimEnd().split('\n').length, stderr]).toEqual([0, 1, '']);
  });
});

describe('registry serve', () => {
  it('says with --json where it listens as soon as it does, and again at its end', async () => {
    await served.must(
      'registry init --database two.sqlite --admin root --admin-password-file pass',
    );
    const words = 'registry serve --database two.sqlite --listen 127.0.0.1:0 --log-level error';
    const child = spawn(process.execPath, [PROGRAM, ...words.split(' '), '--json'], {
      ...{ cwd: served.folder, stdio: ['ignore', 'pipe', 'inherit'] },
    });
    const exit = once(child, 'exit');
    const lines: unknown[] = [];
    for await (const line of createInterface(child.stdout)) {
      // Once: when it has told its result, nothing but the default is left of a signal's meaning.
      if (lines.push(JSON.parse(line)) === 1) child.kill('SIGTERM');
    }
    const listening = { url: expect.stringMatching(/^http:/) as string };
    expect(lines).toEqual([{ listening }, { result: listening, warnings: [] }]);
    expect(await exit).toEqual([0, null]);
  });
});
