import { randomBytes } from 'node:crypto';
import { link, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { isErrno } from './errors.ts';

/** A lock that is held until disposed. */
export interface FileLock extends AsyncDisposable {
  readonly path: string;
}

/** A guard is held for a few system calls; one this old was left by a process that died in them. */
const GUARD_LIFE_MS = 5_000;
/** A process elsewhere cannot be asked whether it lives: whoever holds a lock renews its time of change. */
const FOREIGN_LIFE_MS = 600_000;
const RENEWAL_MS = FOREIGN_LIFE_MS / 10;

/**
 * Takes the lock file at `path` (made exclusively, naming this process), or returns undefined while
 * another living process holds it. A lock left by a process that is gone is taken over; one of
 * another machine or container, which shares the folder, ten minutes after it was renewed last.
 */
export async function tryLock(path: string): Promise<FileLock | undefined> {
  const self = await describeProcess(process.pid);
  if (self === undefined) throw new Error('this process cannot be found in /proc');
  const owner = `${self}\n${await place()}\n`;
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await createExclusively(path, owner)) {
      return hold(path);
    }
    const state = await stateOf(path);
    if (state === 'held') return undefined;
    if (state === 'abandoned') await removeAbandoned(path);
  }
  return undefined;
}

/** Keeps the lock fresh while it is held, and the process alive no longer for it. */
function hold(path: string): FileLock {
  const renewal = setInterval(() => {
    const now = new Date();
    // One that cannot be renewed now is renewed the next time.
    utimes(path, now, now).catch(() => undefined);
  }, RENEWAL_MS).unref();
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      clearInterval(renewal);
      await rm(path, { force: true });
    },
  };
}

/**
 * Two processes that both found the lock abandoned must not remove each other's new one: the check is
 * repeated, and the removal done, under a guard. One that is not there any more may be there anew
 * before the removal, since whoever makes a lock asks no guard: only what was read is removed.
 */
async function removeAbandoned(path: string): Promise<void> {
  const guard = `${path}.guard`;
  if (!(await createExclusively(guard, ''))) {
    const { mtimeMs } = await stat(guard).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > GUARD_LIFE_MS) await rm(guard, { force: true });
    return;
  }
  try {
    if ((await stateOf(path)) === 'abandoned') await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

/**
 * Makes the file with its content, or not at all: a full disk would otherwise leave a lock that
 * names nobody. A hard link, unlike a rename, fails when the name is taken.
 */
async function createExclusively(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, content, { flag: 'wx', mode: 0o600 });
    await link(draft, path);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function stateOf(path: string): Promise<'missing' | 'held' | 'abandoned'> {
  let holder: string;
  try {
    holder = await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 'missing';
    throw error;
  }
  return (await isHeldBy(holder, path)) ? 'held' : 'abandoned';
}

async function isHeldBy(holder: string, path: string): Promise<boolean> {
  const pid = Number.parseInt(holder, 10);
  // A lock appears together with its owner's name: one without is what a crash left of it.
  if (!Number.isInteger(pid)) return false;
  const [owner, where] = holder.split('\n');
  if (where !== undefined && where !== '' && where !== (await place())) {
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
    return Date.now() - mtimeMs < FOREIGN_LIFE_MS;
  }
  return (await describeProcess(pid)) === owner;
}

/** Where process ids mean what they mean here: the machine and, on Linux, the namespace of a container. */
async function place(): Promise<string> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return `${hostname()} ${namespace}`.trim();
}

/**
 * A living process as `pid start-time`, or undefined. The start time tells a process from a later one
 * with the same id, which is the usual case in containers; where there is no /proc, the id must do.
 */
async function describeProcess(pid: number): Promise<string | undefined> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!isErrno(error, 'EPERM')) return undefined;
  }
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The command, in parentheses, may hold spaces; field 22 (starttime, proc(5)) is the 20th after it.
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    return `${pid} ${startTime}`;
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'EACCES')) return `${pid}`;
    throw error;
  }
}
