import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createFastDeriver } from '../derive/fast-deriver.ts';
import { openRowSource } from '../derive/rows.ts';
import type { Home } from '../home/home.ts';
import type { Clock } from '../kernel/clock.ts';
import { isErrno } from '../kernel/errors.ts';
import { parseColumns } from '../model/columns.ts';
import { openBatch } from './make-batch.ts';

/** One thing that was looked at. */
export interface Finding {
  readonly name: 'node' | 'simd' | 'workers' | 'pkcs11' | 'home' | 'clock';
  /** `note`: works, but not at its best or not needed by everybody. */
  readonly state: 'ok' | 'note' | 'broken';
  readonly says: string;
  /** What to do; absent where all is well. */
  readonly mend?: string;
}

/** What surrounds the examination. */
export interface DoctorEffects {
  readonly clock: Clock;
  /** Of process.versions. */
  readonly nodeVersion: string;
  /** Loads an optional package by name. */
  readonly load: (name: string) => Promise<unknown>;
  /** A PKCS#11 module that the person uses. */
  readonly pkcs11Module?: string | undefined;
}

/** Looks at everything keyline leans on; changes nothing and never throws for what it finds. */
export async function examine(home: Home, effects: DoctorEffects): Promise<Finding[]> {
  return [
    examineNode(effects.nodeVersion),
    examineSimd(),
    await examineWorkers(),
    await examinePkcs11(effects),
    await examineHome(home),
    await examineClock(home, effects.clock),
  ];
}

function examineNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) {
    return { name: 'node', state: 'ok', says: `Node ${version}` };
  }
  const mend = 'Install Node 20.19 or later.';
  return { name: 'node', state: 'broken', says: `Node ${version} is too old`, mend };
}

function examineSimd(): Finding {
  if (createFastDeriver()) {
    return { name: 'simd', state: 'ok', says: 'WebAssembly SIMD: the fast engine runs' };
  }
  return {
    name: 'simd',
    state: 'note',
    says: 'no WebAssembly SIMD: the portable engine runs, about ten times slower',
    mend: 'Run on a 64-bit processor with SSE4.1 or NEON, without node --jitless.',
  };
}

async function examineWorkers(): Promise<Finding> {
  const cores = availableParallelism();
  try {
    await using lot = await openBatch({ count: 1, scheme: 'psk' });
    await using rows = await openRowSource({ workers: 1 });
    const plan = { format: 'csv' as const, columns: parseColumns(['endpoint_key']) };
    for await (const lent of rows.stream(lot, { from: 0, count: 1 }, plan)) {
      using _chunk = lent;
    }
    return {
      name: 'workers',
      state: 'ok',
      says: `worker threads run, one for each of ${cores} cores`,
    };
  } catch (error) {
    return {
      name: 'workers',
      state: 'broken',
      says: `a worker thread did not start (${error instanceof Error ? error.name : 'unknown'})`,
      mend: 'Check the limits on threads and memory (ulimit -u, ulimit -v), or install keyline again.',
    };
  }
}

const USUAL_MODULES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so',
  '/usr/lib/aarch64-linux-gnu/opensc-pkcs11.so',
];

async function examinePkcs11({ load, pkcs11Module }: DoctorEffects): Promise<Finding> {
  const name = 'pkcs11';
  try {
    await load('pkcs11js');
  } catch {
    return {
      ...{ name, state: 'note', says: 'no PKCS#11: keys are kept in files' },
      mend: 'Only for a hardware token: npm i pkcs11js@2.1.6',
    };
  }
  const candidates = pkcs11Module === undefined ? USUAL_MODULES : [pkcs11Module];
  for (const path of candidates) {
    if (await isReadable(path)) return { name, state: 'ok', says: `pkcs11js, and module ${path}` };
  }
  if (pkcs11Module !== undefined) {
    const says = `module ${pkcs11Module} cannot be read`;
    return { name, state: 'broken', says, mend: 'Check the path of the module.' };
  }
  return {
    ...{ name, state: 'note', says: 'pkcs11js, but no module where modules usually are' },
    mend: 'Install the module of your token; name it with --pkcs11 module:slot.',
  };
}

async function examineHome(home: Home): Promise<Finding> {
  const name = 'home';
  try {
    const { mode } = await stat(home.path);
    if ((mode & 0o077) !== 0 && process.platform !== 'win32') {
      const says = `${home.path} is open to others (${(mode & 0o777).toString(8)})`;
      return { name, state: 'broken', says, mend: `chmod 700 '${home.path}'` };
    }
    await access(home.path, constants.R_OK | constants.W_OK);
    return { name, state: 'ok', says: `${home.path}, closed to others` };
  } catch (error) {
    if (isErrno(error, 'ENOENT')) {
      return { name, state: 'ok', says: `${home.path}, made when it is first needed` };
    }
    const mend = 'Take the folder over (chown), or set KEYLINE_HOME to another one.';
    return { name, state: 'broken', says: `${home.path} cannot be used`, mend };
  }
}

const FIRST_RELEASE = Date.parse('2026-01-01T00:00:00Z');

async function examineClock(home: Home, clock: Clock): Promise<Finding> {
  const now = clock.now().getTime();
  const newest = Math.max(FIRST_RELEASE, await newestChange(home.keysDir));
  const says = `the clock says ${clock.now().toISOString().slice(0, 19)}Z`;
  if (now >= newest - 60_000) return { name: 'clock', state: 'ok', says };
  return {
    ...{ name: 'clock', state: 'broken', says: `${says}, which is in the past` },
    mend: 'Set the clock (timedatectl set-ntp true): grants end by it and seals are dated by it.',
  };
}

/** When a key was last written, in milliseconds; 0 without one. */
async function newestChange(folder: string): Promise<number> {
  try {
    const names = await readdir(folder);
    const times = await Promise.all(
      names.map(async (name) => (await stat(join(folder, name))).mtimeMs),
    );
    return Math.max(0, ...times);
  } catch {
    return 0; // no keys, or none that may be read: nothing to compare with
  }
}

async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
