/**
 * The built command with its ledger on a small disk that is full. Needs a Linux that lets this user make
 * a mount namespace of its own, `unshare`, `mount`, `bash`, and a build in dist.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endpointKeysIn } from '../../src/device/simulator/memory-search.ts';
import { createSimulator } from '../../src/device/simulator/simulator.ts';
import type { Simulator } from '../../src/device/simulator/simulator.ts';
import { loadProfile } from '../../src/job/check-device-file.ts';
import { PROGRAM, ROOT } from '../acceptance/cli.ts';
import { BenchHome } from './bench-home.ts';

const SIZE_KIB = 256;

let home: BenchHome;
let simulator: Simulator;

beforeAll(async () => {
  home = await BenchHome.create();
  simulator = await createSimulator({
    profile: await loadProfile(join(ROOT, 'fixtures/profiles/linux-shell.yaml')),
    dir: join(home.path, 'devices'),
    count: 6,
  });
});
afterAll(async () => {
  await simulator.close();
  home[Symbol.dispose]();
});

interface Written {
  readonly code: number;
  readonly failed?: string;
  readonly error?: string;
  readonly serial?: string;
}

/**
 * With a fresh small disk for the ledger: writes the device three slots on (`first`), fills the disk up
 * to `freeKib`, writes the device of `slot` (`full`), gives the room back and writes it again (`after`).
 */
async function onSmallDisk(slot: number, freeKib: number) {
  const write = (n: number): string =>
    `$K device write A1 --profile linux-shell --port ./devices/slot-${n} --json > $OUT/ran; echo "$? $(tr -d '\\n' < $OUT/ran)"`;
  const own = join(home.path, `home-${slot}`);
  cpSync(join(home.path, 'home'), own, { recursive: true });
  mkdirSync(join(own, 'ledger'), { mode: 0o700 });
  const script = `set -u; mount -t tmpfs -o size=${SIZE_KIB}k,mode=700 none $DISK; OUT=$(mktemp -d)
${write(slot + 3)}
head -c ${SIZE_KIB * 1024} /dev/zero > $DISK/ballast 2> $OUT/no-room
truncate -s -${freeKib * 1024} $DISK/ballast
${write(slot)}
rm $DISK/ballast
${write(slot)}
$K ledger verify --json > $OUT/ran; echo "$?"
ls -A $DISK | tr '\\n' ' '
rm -r $OUT`;
  const child = spawn('unshare', ['--user', '--map-root-user', '--mount', 'bash', '-c', script], {
    cwd: home.path,
    env: {
      ...{ ...process.env, ...home.env, KEYLINE_HOME: own, DISK: join(own, 'ledger') },
      K: `${process.execPath} ${PROGRAM}`,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  await new Promise((resolve) => child.on('close', resolve));
  const [first = '', full = '', after = '', verified = '', files = ''] = text.trim().split('\n');
  return {
    ...{ first: written(first), full: written(full), after: written(after) },
    ...{ verified: Number(verified), files: files.trim().split(' ') },
  };
}

function written(line: string): Written {
  const [code = ''] = line.split(' ', 1);
  const { result, error } = JSON.parse(line.slice(code.length)) as {
    readonly result?: { readonly ok: boolean; readonly code?: string; readonly serial?: string };
    readonly error?: { readonly code: string };
  };
  return {
    code: Number(code),
    ...(result && !result.ok && { failed: result.code ?? '' }),
    ...(error && { error: error.code }),
    ...(result?.serial !== undefined && { serial: result.serial }),
  };
}

describe('a full disk under the ledger', () => {
  // None at all; a page or a few, so that it runs full in the middle of a unit.
  test.each([
    [1, 0],
    [2, 4],
    [3, 12],
  ])('passes no device that is not on record: device %i, %i KiB left', async (slot, freeKib) => {
    const { first, full, after, verified, files } = await onSmallDisk(slot, freeKib);
    expect(first).toMatchObject({ code: 0 });
    expect([
      { code: 6, failed: 'ledger-full' },
      { code: 2, error: 'disk-full' },
    ]).toContainEqual({ ...full, serial: undefined });
    expect(after).toMatchObject({ code: 0 });
    if (full.serial !== undefined) expect(after.serial).toBe(full.serial);
    expect(after.serial).not.toBe(first.serial);
    expect(verified).toBe(0);
    expect(files).toEqual(['ledger.sqlite']);
    expect(endpointKeysIn(simulator.memory(slot))).toHaveLength(1);
  });
});
