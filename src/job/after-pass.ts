import { execa } from 'execa';
import { DeviceFailure } from '../model/failure.ts';

/** A program that is run for each device that was verified, before it counts as done. */
export interface AfterPass {
  /** Program and arguments as they are; there is no shell. */
  readonly argv: readonly string[];
  readonly timeoutMs: number;
}

/** What the program gets on its standard input, as one line of JSON. Never a secret. */
export interface AfterPassInput {
  readonly unit: {
    readonly lotId: string;
    readonly lot: string;
    readonly index: number;
    readonly serial: string;
    readonly endpointKey: string;
    readonly hardwareId: string;
  };
  readonly attempt: number;
  readonly station: string;
  readonly slot?: string | undefined;
  readonly evidence: { readonly kind: string; readonly detail: string };
  readonly captures?: Readonly<Record<string, string>> | undefined;
}

const GRACE_MS = 500;

/**
 * Runs the program to its end. It may run twice for one unit after a crash. Its output is nobody's.
 * Throws DeviceFailure `hook` unless it ends with 0 within its time.
 */
export async function runAfterPass(hook: AfterPass, input: AfterPassInput): Promise<void> {
  const [program = '', ...args] = hook.argv;
  const result = await execa(program, args, {
    input: `${JSON.stringify(input)}\n`,
    stdout: 'ignore',
    stderr: 'ignore',
    reject: false,
    timeout: hook.timeoutMs,
    forceKillAfterDelay: GRACE_MS,
    extendEnv: false,
    env: withoutOurs(process.env),
  });
  if (result.timedOut) {
    throw new DeviceFailure('hook', `${program} did not end within ${hook.timeoutMs} ms`);
  }
  if (result.exitCode === undefined && result.signal === undefined) {
    throw new DeviceFailure('hook', `${program} cannot be run: ${result.code ?? 'unknown'}`);
  }
  if (result.exitCode !== 0) {
    throw new DeviceFailure(
      'hook',
      `${program} ended with ${result.signal ?? result.exitCode ?? 0}`,
    );
  }
}

/** Passphrases of keyline are not the program's. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('KEYLINE_')));
}
