import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

/** What a command left behind. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How it is started. */
export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** It hangs if it is not at its end by then: it is killed, and its code is null. */
  readonly withinMs?: number;
}

/** The package's folder, with the built dist/ in it. */
export const ROOT = resolve(import.meta.dirname, '../..');

/** bin/run.js. */
export const PROGRAM = resolve(ROOT, 'bin/run.js');

/** Runs the built command line as a process of its own, away from any terminal. */
export function keyline(argv: readonly string[], options: RunOptions): Promise<Ran> {
  return run(process.execPath, [PROGRAM, ...argv], options);
}

/** Runs a line of shell in which `keyline` is the built command line. */
export function shell(line: string, options: RunOptions): Promise<Ran> {
  const keylineFunction = `keyline() { "${process.execPath}" "${PROGRAM}" "$@"; }`;
  return run('/bin/sh', ['-c', `${keylineFunction}\n${line}`], options);
}

function run(program: string, argv: readonly string[], options: RunOptions): Promise<Ran> {
  const { cwd, env = {}, input = '', withinMs } = options;
  const { PATH = '', HOME = '' } = process.env;
  // A group of its own, so that nothing that a shell started outlives the deadline.
  const child = spawn(program, argv, { cwd, env: { PATH, HOME, ...env }, detached: true });
  const deadline =
    withinMs === undefined
      ? undefined
      : setTimeout(() => {
          end(child.pid);
        }, withinMs);
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => (text[name] += part));
  }
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => {
      clearTimeout(deadline);
      done({ code, ...text });
    });
  });
}

function end(pid: number | undefined): void {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL');
}
