import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { BUGS } from './bugs.ts';
import type { Bug } from './bugs.ts';
import { torture } from './torture.ts';

const USAGE = `npm run torture -- [options]

Kills stations with simulated devices in eight slots and checks what is left.

  --kills N     stations to kill; 2000
  --minutes N   ends then, whatever was reached; 120
  --seed TEXT   where chance begins; printed, and random unless given
  --shift N     only this shift of the seed
  --lines N     shifts at once; 2
  --bug NAME    plant a defect, to see it found:
${Object.keys(BUGS)
  .map((name) => `                ${name}`)
  .join('\n')}
`;

const NUMBERS = ['kills', 'minutes', 'shift', 'lines'] as const;

interface Values {
  readonly kills: string;
  readonly minutes: string;
  readonly seed: string;
  readonly lines: string;
  readonly shift?: string | undefined;
  readonly bug?: string | undefined;
  readonly help: boolean;
}

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const values = read();
if (!values || values.help) {
  print(USAGE);
  process.exitCode = values ? 0 : 2;
} else {
  await run(values);
}

/** The options, or undefined for what cannot be understood. */
function read(): Values | undefined {
  try {
    const { values: given } = parseArgs({
      options: {
        kills: { type: 'string', default: '2000' },
        minutes: { type: 'string', default: '120' },
        seed: { type: 'string', default: randomBytes(4).toString('hex') },
        lines: { type: 'string', default: '2' },
        shift: { type: 'string' },
        bug: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    const isCounted = NUMBERS.every((name) => /^[1-9]\d{0,8}$/.test(given[name] ?? '1'));
    const isKnown = given.bug === undefined || Object.hasOwn(BUGS, given.bug);
    return isCounted && isKnown ? given : undefined;
  } catch {
    return undefined;
  }
}

async function run({ seed, kills, minutes, lines, shift, bug }: Values): Promise<void> {
  print(`seed            ${seed}`);
  const result = await torture({
    seed,
    kills: Number(kills),
    seconds: Number(minutes) * 60,
    shift: shift === undefined ? undefined : Number(shift),
    lines: Number(lines),
    bug: bug as Bug | undefined,
    onShift: ({ killed, passes }, number) => {
      process.stderr.write(`shift ${number}: ${killed} killed, ${passes} passed\n`);
    },
  });
  for (const line of result.tally.text()) print(line);
  print(`time            ${result.seconds.toFixed(0)} s`);
  const { broken } = result;
  if (!broken) {
    print('broken          nothing');
    return;
  }
  print(
    `broken          in round ${broken.round} of shift ${broken.number}, left in ${broken.dir}`,
  );
  for (const { law, what } of broken.violations.slice(0, 20)) print(`  ${law}: ${what}`);
  const planted = bug === undefined ? '' : ` --bug ${bug}`;
  print(
    `again           npm run torture -- --seed ${seed} --shift ${broken.number} --lines 1${planted}`,
  );
  process.exitCode = 1;
}
