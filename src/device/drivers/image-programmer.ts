import { execa } from 'execa';
import { atExit } from '../../kernel/at-exit.ts';
import { throwIfAborted, isErrno } from '../../kernel/errors.ts';
import { DeviceFailure } from '../../model/failure.ts';

/** How a programmer is run and what decides. */
export interface ProgrammerRun {
  /** Program and arguments as they are; there is no shell. Never a secret: others see them. */
  readonly argv: readonly string[];
  /** The output must match. */
  readonly success: RegExp;
  /** The output must not match, whatever else is in it. */
  readonly failure: RegExp;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const MOST_OUTPUT_CHARACTERS = 1024 * 1024;
/** What a programmer is given to leave the device in a sound state. */
const GRACE_MS = 500;
const ANSI = /\x1b\[[0-9;?]*[ -/]*[@-~]/g;

/** Output that no programmer prints when all went well. Profiles may set another. */
export const FAILURE_WORDS = String.raw`\b(?:error|fatal|failed|failure|exception)\b`;

/**
 * Runs a programmer to its end and returns what it printed, both streams in one. Exit status 0, the
 * success pattern and no failure pattern: all three are needed. At the deadline or the signal the
 * whole process group is ended. Throws DeviceFailure `programmer-missing`, `programmer-failed`,
 * `programmer-timeout` without its output, which may tell of the image; KeylineError `interrupted`.
 */
export async function runProgrammer(run: ProgrammerRun): Promise<string> {
  const { argv, success, failure, timeoutMs, signal } = run;
  const [program = '', ...args] = argv;
  throwIfAborted(signal);
  const child = execa(program, args, {
    // A process group of its own, so that what the programmer starts ends with it.
    detached: true,
    cleanup: false,
    stdin: 'ignore',
    all: true,
    reject: false,
    maxBuffer: MOST_OUTPUT_CHARACTERS,
    extendEnv: false,
    env: ownEnvironment(),
  });
  // A second Ctrl-C ends this process at once, and a group of its own would go on writing.
  using _ = atExit(() => {
    endGroup(child.pid, 'SIGKILL');
  });
  const ended = { isLate: false };
  let grace: NodeJS.Timeout | undefined;
  const stop = (): void => {
    endGroup(child.pid, 'SIGTERM');
    grace ??= setTimeout(() => {
      endGroup(child.pid, 'SIGKILL');
    }, GRACE_MS);
  };
  const deadline = setTimeout(() => {
    ended.isLate = true;
    stop();
  }, timeoutMs);
  signal.addEventListener('abort', stop, { once: true });
  let isSound = false;
  try {
    const result = await child;
    throwIfAborted(signal);
    if (ended.isLate) {
      throw new DeviceFailure(
        'programmer-timeout',
        `${program} did not end within ${timeoutMs} ms`,
      );
    }
    if (result.code === 'ENOENT' || result.code === 'EACCES') {
      throw new DeviceFailure('programmer-missing', `${program} cannot be run: ${result.code}`);
    }
    if (result.failed || result.exitCode !== 0) {
      const end = result.signal ?? result.exitCode ?? 'too much output';
      throw new DeviceFailure('programmer-failed', `${program} ended with ${end}`);
    }
    const output = result.all.replaceAll(ANSI, '').replaceAll('\r', '\n');
    if (failure.test(output)) {
      throw new DeviceFailure('programmer-failed', `${program} ended with 0 and told of a failure`);
    }
    if (!success.test(output)) {
      throw new DeviceFailure('programmer-failed', `${program} ended with 0 and not with success`);
    }
    isSound = true;
    return output;
  } finally {
    clearTimeout(deadline);
    clearTimeout(grace);
    signal.removeEventListener('abort', stop);
    // Nothing that it started goes on writing to the device.
    if (!isSound) endGroup(child.pid, 'SIGKILL');
  }
}

/** Passphrases of keyline are not the programmer's. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('KEYLINE_')),
  );
}

function endGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch (error) {
    // EPERM: on some systems what a group says that has only ended processes left.
    if (!isErrno(error, 'ESRCH') && !isErrno(error, 'EPERM')) throw error;
  }
}
