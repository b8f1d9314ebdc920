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
  --bug NAME    plant a defect, to see it found: ${Object.keys(BUGS).join(', ')}
`;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '2000' },
    minutes: { type: 'string', default: '120' },
    seed: { type: 'string', default: randomBytes(4).toString('hex') },
    shift: { type: 'string' },
    lines: { type: 'string', default: '2' },
    bug: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const isKnownBug = values.bug === undefined || Object.hasOwn(BUGS, values.bug);
if (values.help || !isKnownBug) {
  print(USAGE);
  process.exitCode = values.help ? 0 : 2;
} else {
  await run(values.seed);
}

async function run(seed: string): Promise<void> {
  print(`seed            ${seed}`);
  const result = await torture({
    seed,
    kills: Number(values.kills),
    seconds: Number(values.minutes) * 60,
    shift: values.shift === undefined ? undefined : Number(values.shift),
    lines: Number(values.lines),
    bug: values.bug as Bug | undefined,
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
  print(`again           npm run torture -- --seed ${seed} --shift ${broken.number} --lines 1`);
  process.exitCode = 1;
}
