import { parseArgs } from 'node:util';
import { startCluster } from '../../system/postgres.ts';
import type { Cluster } from '../../system/postgres.ts';
import { commonOptions, print, printBroken, understood } from '../command-line.ts';
import { BUGS } from './bugs.ts';
import type { Bug } from './bugs.ts';
import { torture } from './torture.ts';

const USAGE = `npm run torture:registry -- [options]

Kills registry servers while clients register, offer, decide and check in, and checks what is left.

  --database NAME  sqlite, or postgres, where two servers share one database; sqlite
  --kills N        servers to kill; 2000
  --minutes N      ends then, whatever was reached; 20
  --seed TEXT      where chance begins; printed, and random unless given
  --shift N        only this shift of the seed
  --bug NAME       plant a defect, to see it found:
${Object.keys(BUGS)
  .map((name) => `                   ${name}`)
  .join('\n')}
`;

const read = () =>
  parseArgs({
    options: { ...commonOptions('20'), database: { type: 'string', default: 'sqlite' } },
  }).values;
const values = understood(read, {
  numbers: ['kills', 'minutes', 'shift'],
  names: { bug: Object.keys(BUGS), database: ['sqlite', 'postgres'] },
});
if (!values || values.help) {
  print(USAGE);
  process.exitCode = values ? 0 : 2;
} else {
  await run(values);
}

async function run(given: ReturnType<typeof read>): Promise<void> {
  const { seed, database, kills, minutes, shift, bug } = given;
  print(`seed            ${seed}`);
  await using cluster: Cluster | undefined =
    database === 'postgres' ? await startCluster() : undefined;
  const result = await torture({
    seed,
    kills: Number(kills),
    seconds: Number(minutes) * 60,
    shift: shift === undefined ? undefined : Number(shift),
    bug: bug as Bug | undefined,
    ...(bug !== undefined && { rounds: 100, roundSeconds: 4 }),
    database: cluster && (() => cluster.database()),
    onShift: ({ killed, calls }, number) => {
      process.stderr.write(`shift ${number}: ${killed} killed, ${calls.size} kinds of requests\n`);
    },
  });
  for (const line of result.tally.text()) print(line);
  print(`time            ${result.seconds.toFixed(0)} s`);
  const { broken } = result;
  if (!broken) {
    print('broken          nothing');
    return;
  }
  const more = `--shift ${broken.shift}${bug === undefined ? '' : ` --bug ${bug}`}`;
  printBroken(broken, {
    where: `in shift ${broken.shift}, left in ${broken.dir}`,
    again: `npm run torture:registry -- --database ${database} --seed ${seed} ${more}`,
  });
}
