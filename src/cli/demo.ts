import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { throwIfAborted } from '../kernel/errors.ts';
import { writeDemoFiles } from './demo-files.ts';
import { DemoProgram } from './demo-program.ts';
import { DEMO_STEPS, RECIPIENT } from './demo-steps.ts';
import type { DemoPlace, DemoStep } from './demo-steps.ts';

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

/** A demo on its way. */
interface Demo extends DemoPlace {
  readonly program: string;
  readonly print: (text: string) => void;
  readonly found: Map<string, string>;
  /** In the background, by name. */
  readonly running: Map<string, DemoProgram>;
}

/**
 * Runs the steps in a throw-away folder under a random identity. At the end only the report is left,
 * and nothing where a step did not end as it must.
 */
export async function runDemo(effects: DemoEffects): Promise<DemoResult> {
  const { program, print } = effects;
  const folder = await mkdtemp(join(tmpdir(), 'keyline-demo-'));
  const running = new Map<string, DemoProgram>();
  const ended = new AbortController();
  const signal = AbortSignal.any([effects.signal, ended.signal]);
  const demo: Demo = { folder, program, print, signal, running, found: new Map() };
  const steps: string[] = [];
  let keep: readonly string[] = [];
  try {
    demo.found.set(RECIPIENT, await writeIdentity(folder));
    await writeDemoFiles(folder);
    for (const step of DEMO_STEPS) {
      throwIfAborted(effects.signal);
      await endBackground(demo, step);
      print(`\n# ${step.about}`);
      steps.push(await take(demo, step));
    }
    keep = [REPORT];
  } finally {
    ended.abort();
    await Promise.all([...running.values()].map((one) => one.done.catch(() => undefined)));
    for (const name of await readdir(folder)) {
      if (!keep.includes(name)) await rm(join(folder, name), { recursive: true, force: true });
    }
    if (keep.length === 0) await rm(folder, { recursive: true, force: true });
  }
  const report = join(folder, REPORT);
  print(`\nDone. The report stays at ${report}; all else is removed again.`);
  return { steps, report };
}

/** Resolves to the step's line, as the result lists it. */
async function take(demo: Demo, step: DemoStep): Promise<string> {
  const { print, running } = demo;
  const show = (text: string): void => {
    print(text.trimEnd());
    for (const [word, pattern] of Object.entries(step.finds ?? {})) {
      demo.found.set(word, pattern.exec(text)?.[1] ?? '');
    }
  };
  if ('call' in step) {
    const text = await step.call(demo);
    show(text);
    return text.split('\n')[0] ?? '';
  }
  if ('watch' in step) {
    const program = running.get(step.watch);
    if (program) show(await program.saysMore(step.until));
    return `watch ${step.watch}`;
  }
  const argv = step.argv.map((word) => demo.found.get(word) ?? word);
  const { background, exit } = step;
  print(`$ keyline ${argv.map(quoted).join(' ')}${background ? ' &' : ''}`);
  const program = new DemoProgram(demo, { argv, at: step.at, exit: exit ?? 0 });
  if (background) running.set(background.name, program);
  show(await (background ? program.saysMore(background.ready) : program.done));
  if (exit !== undefined) print(`(exit code ${exit})`);
  return step.argv.join(' ');
}

async function endBackground({ running }: Demo, { ends }: DemoStep): Promise<void> {
  if (ends === undefined) return;
  await running.get(ends)?.end();
  running.delete(ends);
}

async function writeIdentity(folder: string): Promise<string> {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  await writeFile(join(folder, 'identity'), `${identity}\n`, { mode: 0o600 });
  return await identityToRecipient(identity);
}

function quoted(word: string): string {
  return word.includes(' ') ? `"${word}"` : word;
}
