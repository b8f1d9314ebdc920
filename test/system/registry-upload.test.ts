/** A lot that goes to a registry on PostgreSQL from the built command. Needs PostgreSQL, and a build in dist. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { registerDevice } from '../../src/service/store/devices.ts';
import { checkAudit, eventsAfter } from '../../src/service/store/feed.ts';
import { IS_SHOWN } from '../../src/service/store/shown.ts';
import { keyline } from '../acceptance/cli.ts';
import type { Ran } from '../acceptance/cli.ts';
import { startCluster } from './postgres.ts';
import type { Cluster } from './postgres.ts';
import { ServedRegistry } from './served-registry.ts';
import type { Member, Served } from './served-registry.ts';

const ORIGIN = { actor: 'registry' } as const;
/** One part; three parts. */
const [SMALL, LARGE] = [20_000, 150_000];

let cluster: Cluster;
let registry: ServedRegistry;
let engineer: Member;
let one: Served;
let env: Record<string, string>;

const run = (line: string): Promise<Ran> =>
  keyline([...line.split(' '), '--json'], { cwd: registry.folder, env });
const succeed = async (line: string): Promise<unknown> => {
  const ran = await run(line);
  expect([line, ran.code, ran.code === 0 ? '' : ran.stdout]).toEqual([line, 0, '']);
  return (JSON.parse(ran.stdout) as { result: unknown }).result;
};

beforeAll(async () => {
  cluster = await startCluster();
  registry = await ServedRegistry.create(cluster);
  one = await registry.serve();
  const { folder } = registry;
  env = { KEYLINE_HOME: join(folder, 'home'), KEYLINE_PASSPHRASE_FILE: join(folder, 'pass') };
  await succeed('key create --label widgets');
  engineer = await registry.member(['factory-engineer']);
  writeFileSync(join(folder, 'client.id'), `${engineer.principalId}\n`);
  writeFileSync(join(folder, 'client.secret'), `${engineer.clientSecret}\n`, { mode: 0o600 });
  const files = '--client-id-file client.id --client-secret-file client.secret';
  await succeed(`registry login ${one.url} ${files}`);
  await succeed('registry key add widgets');
}, 120_000);
afterAll(async () => {
  await one[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

it('registers what it can, names the rows that it refused, and again changes nothing', async () => {
  await succeed(`lot create A1 --size ${SMALL} --serial ACME-{n:8}`);
  const taken = [17, 9_000, SMALL - 1];
  for (const index of taken) await occupy(`ACME-${String(index).padStart(8, '0')}`);
  const first = await run('escrow register A1 --failed failed.ndjson');
  expect([first.code, first.stdout]).toEqual([6, expect.stringContaining('rows-refused')]);
  const [seal, ...failed] = readFileSync(join(registry.folder, 'failed.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(seal).toHaveProperty('seal');
  expect(failed).toEqual(taken.map((index) => ({ row: index + 1, outcome: 'conflict' })));
  expect(await devicesOf('A1')).toBe(SMALL - taken.length);
  await succeed('manifest write A1 -o again.csv');
  const again = await run('escrow register again.csv');
  expect([again.code, await devicesOf('A1')]).toEqual([6, SMALL - taken.length]);
  expect(await lastResult()).toEqual({
    ...{ created: 0, unchanged: SMALL - taken.length, conflict: taken.length, invalid: 0 },
  });
}, 300_000);

it('goes on with another process when the one that was at it is killed, each device once', async () => {
  await succeed(`lot create B1 --size ${LARGE} --serial OTHER-{n:8}`);
  const registering = run('escrow register B1');
  await waitForAppliedPart();
  await using _two = await registry.serve();
  await one.kill();
  // As if half a minute had passed: the lease of a process that is gone ends.
  await registry.store.reader
    .updateTable('operations')
    .set({ leaseEndsAt: '2026-01-01T00:00:00.000Z' })
    .where('state', '=', 'running')
    .execute();
  one = await registry.serve(new URL(one.url).host);
  const ran = await registering;
  expect([ran.code, ran.code === 0 ? '' : ran.stdout]).toEqual([0, '']);
  expect(await lastResult()).toMatchObject({ created: LARGE, conflict: 0, invalid: 0 });
  expect(await devicesOf('B1')).toBe(LARGE);
  const { reader } = registry.store;
  expect(await checkAudit(reader, engineer.accountId)).toHaveProperty('head');
  const events = await eventsAfter(reader, engineer.accountId, { after: 0, limit: 1_000 });
  const applied = events.filter(({ type }) => type === 'upload.part-applied').slice(-3);
  expect(applied.map(({ data }) => data['part'])).toEqual([0, 1, 2]);
  const created = applied.reduce((sum, { data }) => sum + Number(data['created']), 0);
  expect(created).toBe(LARGE);
}, 300_000);

/** Another device of the account has the serial. */
async function occupy(serial: string): Promise<void> {
  const { accountId } = engineer;
  const credential = { provisioningKey: 'kp_other', endpointKey: `ek_${serial}`, scheme: 'psk' };
  const made = await registry.store.change(ORIGIN, (change) =>
    registerDevice(change, {
      ...{ accountId, serial, ...credential, lotId: 'kl_other', lotIndex: 0 },
      provisioning: 'planned',
    }),
  );
  expect(made.outcome).toBe('created');
}

/** How many are seen. */
async function devicesOf(code: string): Promise<number> {
  const { n } = await registry.store.reader
    .selectFrom('devices')
    .innerJoin('lots', 'lots.id', 'devices.lotId')
    .innerJoin('credentials', 'credentials.deviceId', 'devices.id')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('lots.code', '=', code)
    .where(IS_SHOWN)
    .executeTakeFirstOrThrow();
  return n;
}

async function lastResult(): Promise<unknown> {
  const { result } = await registry.store.reader
    .selectFrom('operations')
    .select('result')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  return JSON.parse(result ?? 'null');
}

/** Resolves once a commit has carried out a part and has more before it. */
async function waitForAppliedPart(): Promise<void> {
  for (;;) {
    const under = await registry.store.reader
      .selectFrom('operations')
      .select('id')
      .where('state', '=', 'running')
      .where('done', '>', 0)
      .execute();
    if (under.length > 0) return;
  }
}
