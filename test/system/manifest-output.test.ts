/**
 * The built command as a process, where its disk, its reader or its person goes away. Needs `age`,
 * `bash`, `mkfifo`, and a build in dist.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

const BIN = join(import.meta.dirname, '../../bin/run.js');
/** So many rows that a command is still writing when the test acts. */
const MANY = '20000000';

let folder: string;
let env: NodeJS.ProcessEnv;
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-system-'));
  execFileSync('age-keygen', ['-o', at('id.txt')], { stdio: 'ignore' });
  env = { ...process.env, KEYLINE_HOME: at('home'), KEYLINE_IDENTITY_FILE: at('id.txt') };
  keyline('key', 'create', '--label', 'system');
  keyline('lot', 'create', 'A1', '--size', MANY, '--serial', 'ACME-A1-{n:8}');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  expect(readdirSync(folder).filter((name) => /partial|lock/.test(name))).toEqual([]);
});

interface Ended {
  readonly code: number | null;
  readonly error: string | undefined;
}

function keyline(...args: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [BIN, ...args], { env, cwd: folder });
  if (status !== 0) throw new Error(`keyline ${args.join(' ')}: ${stderr.toString()}`);
}

/** A shell line in which `$K` is the command; what it ended with, and its error's code. */
function shell(line: string): Ended {
  const script = `K="${process.execPath} ${BIN}"; ${line}`;
  const ended = spawnSync('bash', ['-c', script], { env, cwd: folder });
  const text = ended.stdout.toString();
  const error = /"code":\s*"([^"]+)"/.exec(text)?.[1];
  return { code: ended.status, error };
}

/** Starts a command and waits until `file` matches a name in the folder. */
async function startedWriting(file: RegExp, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [BIN, ...args], { env, cwd: folder, stdio: 'ignore' });
  while (!readdirSync(folder).some((name) => file.test(name) && statSync(at(name)).size > 0)) {
    if (child.exitCode !== null) throw new Error('the command ended too early');
    await new Promise((resolve) => setImmediate(resolve));
  }
  return child;
}

describe('a full disk', () => {
  test.each([
    ['in place', 'manifest write A1 -o full.csv'],
    ['in order', 'manifest write A1 -o full.csv.gz --gzip'],
  ])('ends with its error and leaves nothing, written %s', (_how, command) => {
    expect(shell(`ulimit -f 2000; $K ${command} --json`)).toEqual({ code: 2, error: 'disk-full' });
    expect(readdirSync(folder).filter((name) => name.includes('full'))).toEqual([]);
  });

  test.each([
    ['a device', 'manifest write A1 -o /dev/full --json'],
    ['standard output', 'manifest write A1 -o - > /dev/full'],
    ['the batch of a pipeline', 'batch --count 100000 > /dev/full'],
  ])('behind %s exits 2', (_what, command) => {
    expect(shell(`$K ${command}`).code).toBe(2);
  });

  test('of a small file system leaves it empty, where one may be mounted', () => {
    const mounted = shell('mkdir small && mount -t tmpfs -o size=4m tmpfs small').code === 0;
    if (!mounted) return;
    try {
      expect(shell('$K manifest write A1 -o small/m.csv --json').error).toBe('disk-full');
      expect(shell('$K manifest write A1 --gzip -o small/m.csv --json').error).toBe('disk-full');
      expect(readdirSync(at('small'))).toEqual([]);
      shell('dd if=/dev/zero of=small/fill bs=4k');
      const create = 'KEYLINE_HOME=small/home $K key create --json';
      expect(shell(create)).toEqual({ code: 2, error: 'disk-full' });
      rmSync(at('small/fill'));
      // Nor does a lock stay behind, which would close the home for ever.
      expect(shell(create).code).toBe(0);
    } finally {
      shell('umount small');
    }
  });
});

describe('a reader that goes away', () => {
  test.each(['manifest write A1 -o -', 'manifest write A1 -o - --gzip', `batch --count ${MANY}`])(
    'is no error for %s',
    (command) => {
      const line = `$K ${command} 2> said | head -c 1000 | wc -c; echo "\${PIPESTATUS[0]}" > code`;
      expect(shell(line).code).toBe(0);
      expect(readFileSync(at('code'), 'utf8').trim()).toBe('0');
      expect(readFileSync(at('said'), 'utf8')).toBe('');
    },
  );
});

describe('an interrupt', () => {
  test.each([
    ['SIGINT', ['manifest', 'write', 'A1', '-o', 'cut.csv']],
    ['SIGTERM', ['manifest', 'write', 'A1', '--gzip', '-o', 'cut.csv']],
    ['SIGHUP', ['manifest', 'write', 'A1', '-o', 'cut.csv']],
  ] as const)('by %s leaves no file and exits 130', async (signal, args) => {
    const child = await startedWriting(/cut.*partial/, args);
    child.kill(signal);
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(130);
    expect(readdirSync(folder).filter((name) => name.includes('cut'))).toEqual([]);
  });
});

test('a second writer of one file is refused at once, and the first goes on', async () => {
  const first = await startedWriting(/busy.*partial/, [
    ...['manifest', 'write', 'A1', '--range', '0-999999', '-o', 'busy.csv', '--gzip'],
  ]);
  const second = shell('$K manifest write A1 -o busy.csv --json');
  expect(second).toEqual({ code: 2, error: 'output-busy' });
  const [code] = (await once(first, 'exit')) as [number | null];
  expect(code).toBe(0);
  expect(shell('$K manifest check busy.csv --json').code).toBe(0);
});

test('age opens what --recipient wrote, byte for byte', () => {
  const recipient = execFileSync('age-keygen', ['-y', at('id.txt')])
    .toString()
    .trim();
  const flags = '--range 0-99999 --columns serial,endpoint_key,endpoint_secret';
  const write = `$K manifest write A1 ${flags} --with-secrets`;
  expect(shell(`${write} --recipient ${recipient} -o s.age --json`).code).toBe(0);
  expect(shell(`${write} --plaintext --again compare -o s.csv --json`).code).toBe(0);
  expect(shell('age -d -i id.txt s.age | cmp - s.csv').code).toBe(0);
  expect(shell('$K manifest check s.age --json').code).toBe(0);
  expect(statSync(at('s.age')).mode & 0o777).toBe(0o600);
});
