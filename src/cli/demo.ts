import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import { DEMO_STEPS, RECIPIENT } from './demo-steps.ts';
import type { DemoStep } from './demo-steps.ts';

/** What the demo needs of its surroundings. */
export interface DemoEffects {
  /** bin/run.js. */
  readonly program: string;
  readonly print: (text: string) => void;
  readonly signal: AbortSignal;
}

/** What is left of a demo. */
export interface DemoResult {
  readonly steps: readonly string[];
  /** The report; all else is removed. */
  readonly report: string;
}

const REPORT = 'report.html';

/** Of a step; all of them together take a third of it on a slow machine. */
const MOST_MS = 60_000;

/**
 * Runs the steps in a throw-away folder under a random identity. At the end only the report is left,
 * and nothing where a step did not end as it must.
 */
export async function runDemo(effects: DemoEffects): Promise<DemoResult> {
  const folder = await mkdtemp(join(tmpdir(), 'keyline-demo-'));
  const ended = new AbortController();
  const signal = AbortSignal.any([effects.signal, ended.signal]);
  const background: Promise<unknown>[] = [];
  let keep: readonly string[] = [];
  try {
    const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
    const identity = await generateX25519Identity();
    await writeFile(join(folder, 'identity'), `${identity}\n`, { mode: 0o600 });
    const recipient = await identityToRecipient(identity);
    for (const step of DEMO_STEPS) {
      throwIfAborted(effects.signal);
      const argv = step.argv.map((word) => (word === RECIPIENT ? recipient : word));
      effects.print(`\n# ${step.about}\n$ keyline ${argv.join(' ')}${step.ready ? ' &' : ''}`);
      const run = start(folder, { ...step, argv }, { program: effects.program, signal });
      if (step.ready !== undefined) background.push(run.done.catch(() => undefined));
      const text = await (step.ready === undefined ? run.done : run.says(step.ready));
      effects.print(text.trimEnd());
      if (step.exit !== undefined) effects.print(`(exit code ${step.exit})`);
    }
    keep = [REPORT];
  } finally {
    ended.abort();
    await Promise.all(background);
    for (const name of await readdir(folder)) {
      if (!keep.includes(name)) await rm(join(folder, name), { recursive: true, force: true });
    }
    if (keep.length === 0) await rm(folder, { recursive: true, force: true });
  }
  const report = join(folder, REPORT);
  effects.print(`\nDone. The report stays at ${report}; all else is removed again.`);
  return { steps: DEMO_STEPS.map(({ argv }) => argv.join(' ')), report };
}

interface Run {
  /** All that it said, once it has ended as it must. */
  readonly done: Promise<string>;
  /** What it has said so far, once that has these words. */
  says(words: string): Promise<string>;
}

function start(
  folder: string,
  step: DemoStep,
  { program, signal }: Pick<DemoEffects, 'program' | 'signal'>,
): Run {
  const env = {
    ...process.env,
    KEYLINE_HOME: join(folder, step.at),
    KEYLINE_IDENTITY_FILE: join(folder, 'identity'),
    KEYLINE_PASSPHRASE_FILE: '',
  };
  const child = spawn(process.execPath, [program, ...step.argv], {
    ...{ cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], signal, timeout: MOST_MS },
  });
  let text = '';
  const heard = new EventTarget();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      heard.dispatchEvent(new Event('text'));
    });
  }
  const done = end(child, step.exit ?? 0, () => text);
  const says = (words: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (text.includes(words)) resolve(text);
      };
      heard.addEventListener('text', look);
      look();
      done.then(() => {
        reject(stepFailed(text));
      }, reject);
    });
  return { done, says };
}

function end(child: ChildProcess, wanted: number, text: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    child.on('error', () => {
      reject(new KeylineError('interrupted', { message: 'interrupted' }));
    });
    child.on('close', (code) => {
      if (code === wanted) resolve(text());
      else reject(stepFailed(text()));
    });
  });
}

function stepFailed(text: string): KeylineError {
  return new KeylineError('unexpected', { message: `a step of the demo failed:\n${text}` });
}
