import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { identityToRecipient } from 'age-encryption';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSimulator } from '../../src/device/simulator/simulator.ts';
import type { Simulator } from '../../src/device/simulator/simulator.ts';
import { openDatabase } from '../../src/kernel/sqlite.ts';
import { loadProfile } from '../../src/job/check-device-file.ts';
import { keyline, PROGRAM, ROOT, shell } from './cli.ts';
import type { Ran } from './cli.ts';
import { createWorkspace } from './workspace.ts';
import type { Workspace } from './workspace.ts';

/** Whatever a device, a file or a disk does: a command that is not at its end by then hangs. */
const OUTER_DEADLINE = { withinMs: 90_000 };
const TEST_TIMEOUT_MS = 120_000;
const PROFILES = join(ROOT, 'fixtures/profiles');

let workspace: Workspace;
let simulator: Simulator;

beforeAll(async () => {
  workspace = await createWorkspace();
  // Impatient with a device that does not answer.
  const patient = readFileSync(join(PROFILES, 'linux-shell.yaml'), 'utf8');
  const impatient = patient.replaceAll(/timeoutMs: 1\d000/g, 'timeoutMs: 1500');
  write('impatient.yaml', impatient);
  simulator = await createSimulator({
    profile: await loadProfile(join(PROFILES, 'linux-shell.yaml')),
    dir: join(workspace.path, 'devices'),
    count: 4,
    model: 'gateway-7',
  });
}, 120_000);
afterEach(() => {
  for (const { slot } of simulator.slots) simulator.setFaults(slot, []);
});
afterAll(async () => {
  await simulator.close();
  workspace[Symbol.dispose]();
});

describe('a port', { timeout: TEST_TIMEOUT_MS }, () => {
  it('that another program has locked is busy', async () => {
    const holder = spawn(
      'flock',
      ['--no-fork', 'devices/slot-1', 'sh', '-c', 'echo held; exec sleep 120'],
      {
        ...{ cwd: workspace.path, stdio: ['ignore', 'pipe', 'ignore'] },
      },
    );
    const ended = new Promise((resolve) => holder.once('close', resolve));
    try {
      await new Promise((resolve) => holder.stdout.once('data', resolve));
      expect(await write1('./devices/slot-1')).toEqual({ code: 4, error: 'port-busy' });
      const run = await station({ 1: 'path: ./devices/slot-1' }, '--once');
      expect(run).toMatchObject({ code: 6, failed: ['port-busy'], passed: 0 });
    } finally {
      holder.kill();
      await ended;
    }
  });

  it('that a terminal server has given to another client is busy', async () => {
    await using server = await listen((socket) => socket.end('Port already in use\r\n'));
    expect(await write1(server.url)).toEqual({ code: 4, error: 'port-busy' });
  });

  it.each([
    ['that is not there', './devices/slot-9', 'port-missing'],
    ['behind which nobody listens', 'tcp://127.0.0.1:1', 'port-missing'],
    ['that is a regular file', './impatient.yaml', 'port-not-serial'],
    ['that is a folder', './devices', 'port-not-serial'],
    ['that is a device of another kind', '/dev/null', 'port-not-serial'],
  ])('%s is refused before anything is given', async (_, port, error) => {
    expect(await write1(port)).toEqual({ code: 4, error });
    if (error === 'port-missing') return;
    const run = await station({ 1: `path: ${port}` }, '--once');
    expect(run).toMatchObject({ code: 6, failed: ['port-gone'], passed: 0 });
  });

  it('that accepts and says nothing fails the device', async () => {
    await using server = await listen(() => undefined);
    expect(await write1(server.url)).toEqual({ code: 6, failed: 'no-answer' });
  });

  it('that says nothing that makes sense fails the device, however much it says', async () => {
    await using server = await listen((socket) => {
      const noise = Buffer.alloc(200, Uint8Array.of(0xfe, 0xe6, 0x80, 0xf8));
      const timer = setInterval(() => socket.write(noise), 5);
      socket.on('close', () => {
        clearInterval(timer);
      });
    });
    expect(await write1(server.url)).toEqual({ code: 6, failed: 'garbage' });
  });

  it('that is no address is an error of usage', async () => {
    expect(await write1('ttyUSB0')).toEqual({ code: 2, error: 'invalid-port' });
  });
});

describe('a device', { timeout: TEST_TIMEOUT_MS }, () => {
  it('that answers nothing fails', async () => {
    simulator.setFaults(1, [{ kind: 'silent' }]);
    expect(await write1('./devices/slot-1')).toEqual({ code: 6, failed: 'no-answer' });
  });

  it('that says at each question that it is another one fails and gets nothing', async () => {
    simulator.setFaults(1, [{ kind: 'changing-id', at: 'question' }]);
    expect(await write1('./devices/slot-1', { profile: 'linux-shell' })).toEqual({
      ...{ code: 6, failed: 'id-changed' },
    });
    expect(simulator.memory(1).flash.size).toBe(0);
  });

  it('with the id of another slot’s device fails both, and neither gets anything', async () => {
    simulator.setFaults(2, [{ kind: 'duplicate-id', slot: 1 }]);
    const slots = { 1: 'path: ./devices/slot-1', 2: 'path: ./devices/slot-2' };
    const run = await station(slots, '--once');
    expect(run).toMatchObject({ code: 6, passed: 0, failed: ['duplicate-id', 'duplicate-id'] });
  });

  it('of another product fails and gets nothing', async () => {
    const profile = readFileSync(join(PROFILES, 'linux-shell.yaml'), 'utf8')
      .replace(/^values:/m, "expect: { model: 'meter-.*' }\nvalues:")
      .replace(
        /^ {2}identify:/m,
        () => "  model: [{ send: hostname, capture: { model: '^(\\S+)$' } }]\n  identify:",
      );
    write('meter.yaml', profile);
    expect(await write1('./devices/slot-3', { profile: './meter.yaml' })).toEqual({
      ...{ code: 6, failed: 'wrong-product' },
    });
    expect(simulator.memory(3).flash.size).toBe(0);
  });

  it('for which the lot has no unit left fails and gets nothing', async () => {
    await at('lot create TINY --size 1 --serial TINY-{n:4}');
    expect(await write1('./devices/slot-3', { profile: 'linux-shell', lot: 'TINY' })).toEqual({
      code: 0,
    });
    expect(await write1('./devices/slot-4', { profile: 'linux-shell', lot: 'TINY' })).toEqual({
      ...{ code: 6, failed: 'lot-used-up' },
    });
    expect(simulator.memory(4).flash.size).toBe(0);
  });
});

describe('a file', { timeout: TEST_TIMEOUT_MS }, () => {
  it('of a profile with a typo is refused with its line and column', async () => {
    const text = readFileSync(join(PROFILES, 'linux-shell.yaml'), 'utf8');
    write('typo.yaml', text.replace(/^presence:/m, 'presense:'));
    const place = text.split('\n').findIndex((one) => one.startsWith('presence:')) + 1;
    const issue = `${place}:1: there is no member presense, did you mean presence?`;
    const line = writeLine('./devices/slot-4', { profile: './typo.yaml' });
    for (const command of ['profile check ./typo.yaml --json', line]) {
      const ran = await at(command);
      expect(ran.code).toBe(3);
      expect(JSON.parse(ran.stdout)).toMatchObject({
        error: { code: 'profile-invalid', facts: { issues: [issue] } },
      });
    }
  });

  it.each([
    ['a typo', 'name: bench\nslots:\n  - { slot: 1, prot: { path: /dev/x } }\n', /^3:16: .*prot/],
    [
      'two slots on one port',
      'name: b\nslots:\n  - { slot: 1, port: { path: /dev/x } }\n  - { slot: 2, port: { path: /dev/x } }\n',
      /^4:22: is the port of slot 1 too$/,
    ],
    [
      'two slots on one terminal server’s port, written in two ways',
      'name: b\npresence: poll\nslots:\n  - { slot: 1, port: { url: "tcp://HOST:7001" } }\n  - { slot: 2, port: { url: "tcp://host:7001/" } }\n',
      /^5:22: is the port of slot 1 too$/,
    ],
    [
      'two slots on one path, written in two ways',
      'name: b\nslots:\n  - { slot: 1, port: { path: /dev/x } }\n  - { slot: 2, port: { path: /dev/../dev/x } }\n',
      /^4:22: is the port of slot 1 too$/,
    ],
  ])('of a jig with %s is refused with its line and column', async (_, text, issue) => {
    write('bad-jig.yaml', text);
    for (const command of [
      'jig check bad-jig.yaml',
      'station run A1 --profile linux-shell --jig bad-jig.yaml --once',
    ]) {
      const ran = await at(`${command} --json`);
      expect(ran.code).toBe(3);
      const { error } = JSON.parse(ran.stdout) as { error: { code: string; facts: Facts } };
      expect(error.code).toBe('jig-invalid');
      expect(error.facts.issues.some((one) => issue.test(one))).toBe(true);
    }
  });
});

interface Facts {
  readonly issues: readonly string[];
}

describe('a programmer', { timeout: TEST_TIMEOUT_MS }, () => {
  const profile = (): string => {
    const text = readFileSync(join(PROFILES, 'esp32-nvs.yaml'), 'utf8');
    return text.replaceAll(/timeoutMs: \d+/g, 'timeoutMs: 1500');
  };

  it('that is not installed fails the device', async () => {
    write('esp.yaml', profile());
    expect(
      await write1('./devices/slot-4', { profile: './esp.yaml', programs: '/nowhere' }),
    ).toEqual({
      ...{ code: 6, failed: 'programmer-missing' },
    });
  });

  it.each([
    [
      'ends with 0 and prints an error',
      'echo "MAC: 94:b9:7e:00:00:09"; echo "A fatal error occurred: x"',
    ],
    ['ends with 0 and prints nothing', 'exit 0'],
    ['ends with 2', 'echo "MAC: 94:b9:7e:00:00:09"; exit 2'],
  ])('that %s fails the device', async (_, script) => {
    write('esp.yaml', profile());
    expect(
      await write1('./devices/slot-4', { profile: './esp.yaml', programs: program(script) }),
    ).toEqual({
      ...{ code: 6, failed: 'programmer-failed' },
    });
  });

  it('that never ends is ended with all that it started, and fails the device', async () => {
    write('esp.yaml', profile());
    const mark = join(workspace.path, 'child.pid');
    const programs = program(`trap '' TERM; sleep 300 & echo $! > ${mark}; wait; wait`);
    expect(await write1('./devices/slot-4', { profile: './esp.yaml', programs })).toEqual({
      ...{ code: 6, failed: 'programmer-timeout' },
    });
    expect(isRunning(Number(readFileSync(mark, 'utf8')))).toBe(false);
  });
});

describe('a ledger', { timeout: TEST_TIMEOUT_MS }, () => {
  it('that another run holds is refused, and the run goes on', async () => {
    write('none.yaml', jigText({ 1: 'path: ./devices/slot-77' }));
    const argv = [
      'station',
      'run',
      'A1',
      '--profile',
      'linux-shell',
      '--jig',
      'none.yaml',
      '--json',
    ];
    const { path: cwd, env } = workspace;
    const holder = spawn(process.execPath, [PROGRAM, ...argv], {
      ...{ cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'ignore'] },
    });
    const ended = new Promise((resolve) => holder.once('close', resolve));
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    expect(await write1('./devices/slot-4')).toEqual({ code: 2, error: 'ledger-busy' });
    holder.kill('SIGTERM');
    expect(await ended).toBe(130);
  });

  it.each<[string, string, (ledger: string) => void | Promise<void>]>([
    [
      'is no ledger',
      'ledger-damaged',
      (ledger) => {
        writeFileSync(ledger, 'no ledger\n');
      },
    ],
    [
      'is of a newer version',
      'ledger-newer',
      (ledger) => change(ledger, 'PRAGMA user_version = 99'),
    ],
    [
      'had its last event altered',
      'ledger-damaged',
      (ledger) =>
        change(
          ledger,
          "UPDATE events SET body = body || ' ' WHERE seq = (SELECT max(seq) FROM events)",
        ),
    ],
  ])('that %s is refused', async (_, error, spoil) => {
    const home = copyOfHome();
    await spoil(join(home, 'ledger/ledger.sqlite'));
    expect(await write1('./devices/slot-4', { home })).toEqual({ code: 3, error });
  });

  it('of another station is refused', async () => {
    const home = copyOfHome();
    rmSync(join(home, 'station'), { recursive: true });
    const identity = readFileSync(join(workspace.path, 'identity'), 'utf8').trim();
    const recipient = await identityToRecipient(identity);
    const made = await at(`station init --name line-9 --recipient ${recipient} -o 9.card`, {
      home,
    });
    expect(made.code).toBe(0);
    expect(await write1('./devices/slot-4', { home })).toEqual({
      code: 3,
      error: 'ledger-foreign',
    });
  });

  it('on a disk that is full passes no device, and is whole afterwards', async () => {
    const line = writeLine('./devices/slot-4', { profile: 'linux-shell' });
    const limited = await shell(`ulimit -f 8; keyline ${line}`, {
      ...{ cwd: workspace.path, env: workspace.env, ...OUTER_DEADLINE },
    });
    expect([
      { code: 6, failed: 'ledger-full' },
      { code: 2, error: 'disk-full' },
    ]).toContainEqual(outcomeOf(limited));
    expect((await at('ledger verify --json')).code).toBe(0);
    const after = await write1('./devices/slot-4', { profile: 'linux-shell' });
    expect(after).toEqual({ code: 0 });
  });
});

describe('away from a terminal', { timeout: TEST_TIMEOUT_MS }, () => {
  it('nothing is asked: a passphrase, a person at a slot', async () => {
    const env = { KEYLINE_HOME: workspace.env['KEYLINE_HOME'] ?? '' };
    const argv = writeLine('./devices/slot-4').split(' ');
    const ran = await keyline(argv, { cwd: workspace.path, env, ...OUTER_DEADLINE });
    expect(outcomeOf(ran)).toEqual({ code: 2, error: 'no-passphrase' });
    write('by-hand.yaml', jigText({ 1: 'path: ./devices/slot-4' }).replace('usb', 'operator'));
    const run = await at('station run A1 --profile linux-shell --jig by-hand.yaml --json');
    expect(outcomeOf(run)).toEqual({ code: 2, error: 'usage' });
  });
});

interface WriteOptions {
  readonly profile?: string;
  readonly lot?: string;
  /** A folder that goes before the others on the path, or instead of them. */
  readonly programs?: string;
  readonly home?: string;
}

/** What a command came to: exit code and the code of its error or of its device's failure. */
interface Came {
  readonly code: number | null;
  readonly error?: string;
  readonly failed?: string;
}

function writeLine(port: string, { profile = './impatient.yaml', lot = 'A1' }: WriteOptions = {}) {
  return `device write ${lot} --profile ${profile} --port ${port} --json`;
}

/** Writes one device; an error or a failure always comes with a hint. */
async function write1(port: string, options: WriteOptions = {}): Promise<Came> {
  return outcomeOf(await at(writeLine(port, options), options));
}

function at(line: string, { home, programs }: WriteOptions = {}): Promise<Ran> {
  const { path: cwd, env } = workspace;
  const more = {
    ...(home !== undefined && { KEYLINE_HOME: home }),
    ...(programs !== undefined && { PATH: `${programs}:/usr/bin:/bin` }),
  };
  return keyline(line.split(' '), { cwd, env: { ...env, ...more }, ...OUTER_DEADLINE });
}

function outcomeOf({ code, stdout }: Ran): Came {
  // A run's lines come first; what is laid out over several lines stands alone.
  const text = stdout.startsWith('{"') ? stdout.trimEnd().split('\n').at(-1) : stdout;
  const { error, result } = JSON.parse(text ?? '') as {
    readonly error?: { readonly code: string; readonly hint: string };
    readonly result?: { readonly ok?: boolean; readonly code?: string };
  };
  if (error) {
    expect(error.hint).not.toBe('');
    return { code, error: error.code };
  }
  return result?.ok === false ? { code, failed: result.code ?? '' } : { code };
}

function jigText(slots: Readonly<Record<number, string>>): string {
  const lines = Object.entries(slots).map(
    ([slot, port]) => `  - { slot: ${slot}, port: { ${port} } }`,
  );
  return ['name: bench', 'presence: usb', 'slots:', ...lines, ''].join('\n');
}

/** A run of `station run` over these slots: exit code, units that passed, codes of the failures. */
async function station(slots: Readonly<Record<number, string>>, ...flags: string[]) {
  write('jig-of-run.yaml', jigText(slots));
  const argv = ['station', 'run', 'A1', '--profile', 'linux-shell', '--jig', 'jig-of-run.yaml'];
  const { code, stdout } = await at([...argv, ...flags, '--json'].join(' '));
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as StationLine);
  const failed = lines.flatMap(({ event }) => (event?.type === 'failed' ? [event.unit?.code] : []));
  return { code, passed: lines.at(-1)?.result?.passed, failed };
}

interface StationLine {
  readonly event?: { readonly type: string; readonly unit?: { readonly code?: string } };
  readonly result?: { readonly passed: number };
}

/** A folder with an esptool that does this. */
function program(script: string): string {
  const folder = mkdtempSync(join(workspace.path, 'programs-'));
  writeFileSync(join(folder, 'esptool'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}

function copyOfHome(): string {
  const home = mkdtempSync(join(workspace.path, 'home-'));
  cpSync(join(workspace.path, 'home'), home, { recursive: true });
  return home;
}

async function change(ledger: string, sql: string): Promise<void> {
  const database = await openDatabase(ledger);
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}

async function listen(onSocket: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `tcp://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}

/** A process that has ended and whose parent has not asked yet is not running. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function write(name: string, text: string): void {
  writeFileSync(join(workspace.path, name), text);
}
