import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { startCluster } from '../../system/postgres.ts';
import type { Cluster } from '../../system/postgres.ts';
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

const NUMBERS = ['kills', 'minutes', 'shift'] as const;

interface Values {
  readonly database: string;
  readonly kills: string;
  readonly minutes: string;
  readonly seed: string;
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
        database: { type: 'string', default: 'sqlite' },
        kills: { type: 'string', default: '2000' },
        minutes: { type: 'string', default: '20' },
        seed: { type: 'string', default: randomBytes(4).toString('hex') },
        shift: { type: 'string' },
        bug: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    const isCounted = NUMBERS.every((name) => /^[1-9]\d{0,8}$/.test(given[name] ?? '1'));
    const isKnown = given.bug === undefined || Object.hasOwn(BUGS, given.bug);
    const isPlace = given.database === 'sqlite' || given.database === 'postgres';
    return isCounted && isKnown && isPlace ? given : undefined;
  } catch {
    return undefined;
  }
}

async function run(given: Values): Promise<void> {
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
  print(`broken          in shift ${broken.shift}, left in ${broken.dir}`);
  for (const { law, what } of broken.violations.slice(0, 20)) print(`  ${law}: ${what}`);
  const more = `--shift ${broken.shift}${bug === undefined ? '' : ` --bug ${bug}`}`;
  print(
    `again           npm run torture:registry -- --database ${database} --seed ${seed} ${more}`,
  );
  process.exitCode = 1;
}
