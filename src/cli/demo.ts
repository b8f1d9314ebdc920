import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeylineError, throwIfAborted } from '../kernel/errors.ts';

/** One command line of the demo. */
export interface DemoStep {
  /** What it is for, as a sentence. */
  readonly about: string;
  readonly argv: readonly string[];
  /** Whose KEYLINE_HOME it runs in. */
  readonly at: 'factory' | 'station';
}

/** What the demo needs of its surroundings. */
export interface DemoEffects {
  /** bin/run.js. */
  readonly program: string;
  readonly print: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Stands for the recipient of the throw-away identity. */
const RECIPIENT = 'RECIPIENT';

/** The main job from a key to a checked manifest of 1,000,000 units. */
export const DEMO_STEPS: readonly DemoStep[] = [
  {
    about: 'The factory makes a provisioning key. Everything else follows from it.',
    argv: ['key', 'create', '--label', 'demo', '--recipient', RECIPIENT],
    at: 'factory',
  },
  {
    about: 'It opens a lot of 1,000,000 units. No unit is stored anywhere.',
    argv: ['lot', 'create', 'A1', '--size', '1000000', '--serial', 'DEMO-A1-{n:8}'],
    at: 'factory',
  },
  {
    about: 'A station at a contract manufacturer makes its own key and hands out a card.',
    argv: `station init --name line-1 --recipient ${RECIPIENT} -o station.card`.split(' '),
    at: 'station',
  },
  {
    about: 'The factory grants it the first 49,152 units, twelve blocks.',
    argv: 'lot grant A1 --station station.card --range 0-49151 -o A1.grant'.split(' '),
    at: 'factory',
  },
  { about: 'The station takes the grant', argv: ['lot', 'import', 'A1.grant'], at: 'station' },
  {
    about: 'and can make a unit of its blocks; of the others it can compute nothing.',
    argv: ['unit', 'show', 'A1', '7'],
    at: 'station',
  },
  {
    about: 'The factory writes the manifest of the whole lot, and its seal.',
    argv: ['manifest', 'write', 'A1', '-o', 'A1.csv'],
    at: 'factory',
  },
  {
    about: 'Whoever gets the manifest checks it; with the key, every value is derived again.',
    argv: ['manifest', 'check', 'A1.csv', '--lot', 'A1'],
    at: 'factory',
  },
];

/** Runs the steps in a throw-away folder under a random identity; the folder is gone at the end. */
export async function runDemo(effects: DemoEffects): Promise<{ steps: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'keyline-demo-'));
  try {
    const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
    const identity = await generateX25519Identity();
    await writeFile(join(folder, 'identity'), `${identity}\n`, { mode: 0o600 });
    const recipient = await identityToRecipient(identity);
    for (const step of DEMO_STEPS) {
      throwIfAborted(effects.signal);
      const argv = step.argv.map((word) => (word === RECIPIENT ? recipient : word));
      effects.print(`\n# ${step.about}\n$ keyline ${argv.join(' ')}`);
      effects.print((await runStep(folder, { ...step, argv }, effects)).trimEnd());
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  effects.print('\nDone. The throw-away folder is removed again.');
  return { steps: DEMO_STEPS.map(({ argv }) => argv.join(' ')) };
}

function runStep(folder: string, step: DemoStep, effects: DemoEffects): Promise<string> {
  const env = {
    ...process.env,
    KEYLINE_HOME: join(folder, step.at),
    KEYLINE_IDENTITY_FILE: join(folder, 'identity'),
    KEYLINE_PASSPHRASE_FILE: '',
  };
  const child = spawn(process.execPath, [effects.program, ...step.argv], {
    ...{ cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], signal: effects.signal },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  }
  return new Promise((resolve, reject) => {
    child.on('error', () => {
      reject(new KeylineError('interrupted', { message: 'interrupted' }));
    });
    child.on('close', (code) => {
      if (code === 0) {
        resolve(text);
        return;
      }
      reject(new KeylineError('unexpected', { message: `a step of the demo failed:\n${text}` }));
    });
  });
}
