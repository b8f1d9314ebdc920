import { parseArgs } from 'node:util';
import { BUGS } from './bugs.ts';
import type { Bug } from './bugs.ts';
import { commonOptions, print, printBroken, understood } from './command-line.ts';
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

const read = () =>
  parseArgs({ options: { ...commonOptions('120'), lines: { type: 'string', default: '2' } } })
    .values;
const values = understood(read, {
  numbers: ['kills', 'minutes', 'shift', 'lines'],
  names: { bug: Object.keys(BUGS) },
});
if (!values || values.help) {
  print(USAGE);
  process.exitCode = values ? 0 : 2;
} else {
  await run(values);
}

async function run(given: ReturnType<typeof read>): Promise<void> {
  const { seed, kills, minutes, lines, shift, bug } = given;
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
  const { round, number, dir } = broken;
  const planted = bug === undefined ? '' : ` --bug ${bug}`;
  printBroken(broken, {
    where: `in round ${round} of shift ${number}, left in ${dir}`,
    again: `npm run torture -- --seed ${seed} --shift ${number} --lines 1${planted}`,
  });
}
