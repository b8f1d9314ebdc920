import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RegistryHome, answerOf } from './registry-home.ts';

let at: RegistryHome;
beforeAll(async () => {
  at = await RegistryHome.make([
    'lot create A1 --size 300 --serial ACME-{n:6}',
    'manifest write A1 -o lot.csv',
  ]);
}, 240_000);
afterAll(() => at[Symbol.asyncDispose]());

const lines = (name: string): unknown[] =>
  readFileSync(join(at.path, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

/** Another device of the account has the serial of a unit: what an earlier mistake left. */
async function takeSerial(serial: string): Promise<() => Promise<unknown>> {
  const accounts = at.rig.store.reader.selectFrom('provisioningKeys').select('accountId');
  const { accountId } = await accounts.executeTakeFirstOrThrow();
  const { registerDevice } = await import('../../src/service/store/devices.ts');
  const made = await at.rig.store.change({ actor: 'registry' }, (change) =>
    registerDevice(change, {
      ...{ accountId, serial, lotId: 'kl_other', lotIndex: 1, scheme: 'psk' },
      ...{ provisioningKey: 'kp_other', endpointKey: `ek_${serial}`, provisioning: 'verified' },
    }),
  );
  if (made.outcome === 'conflict') throw new Error('a conflict');
  return () =>
    at.rig.store.change({ actor: 'registry' }, async ({ db }) => {
      await db.deleteFrom('credentials').where('deviceId', '=', made.device.id).execute();
      await db.deleteFrom('devices').where('id', '=', made.device.id).execute();
    });
}

describe('escrow register', () => {
  let free: (() => Promise<unknown>)[];
  beforeEach(() => {
    free = [];
    return async () => {
      for (const one of free) await one();
    };
  });

  it('ends with 6 where rows are refused, notes them, and names the command that tries just those', async () => {
    free.push(await takeSerial('ACME-000007'), await takeSerial('ACME-000299'));
    const ran = await at.shell('keyline escrow register lot.csv --outcomes all.ndjson');
    expect([ran.code, ran.stdout]).toEqual([6, expect.stringMatching(/created\s+298\n/)]);
    const [head, ...failed] = lines('failed-rows.ndjson');
    expect(head).toEqual({ seal: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    const numbers = (failed as { row: number }[]).map(({ row }) => row);
    expect(numbers.length).toBe(2);
    expect(lines('all.ndjson').length).toBe(301);
    const retry = /keyline escrow register [^\n]*/.exec(ran.stderr.replaceAll('\n      ', ' '));
    expect(retry?.[0]).toContain('--rows failed-rows.ndjson');
    const still = await at.shell(`${retry?.[0] ?? ''} --json`);
    expect([still.code, answerOf(still)]).toEqual([6, 'rows-refused']);
    for (const one of free.splice(0)) await one();
    const done = await at.shell(`${retry?.[0] ?? ''} --json`);
    expect(answerOf(done)).toMatchObject({ rows: 2, created: 2, conflict: 0 });
    // The same seal is the same upload, whose rows that failed are tried again.
    const same = await at.run('escrow register lot.csv');
    expect([same.code, answerOf(same)]).toMatchObject([0, { created: 0, unchanged: 300 }]);
    const again = await at.run('escrow register A1');
    expect(answerOf(again)).toMatchObject({ created: 0, unchanged: 300, conflict: 0 });
  });

  it('takes a file of rows for its own manifest alone, and replaces no other file', async () => {
    writeFileSync(join(at.path, 'other.ndjson'), `{"seal":"${'0'.repeat(64)}"}\n{"row":1}\n`);
    writeFileSync(join(at.path, 'mine.txt'), 'mine\n');
    for (const [flag, code, error] of [
      ['--rows other.ndjson', 2, 'usage'],
      ['--rows lot.csv', 2, 'usage'],
      ['--rows none.ndjson', 2, 'not-found'],
      ['--failed lot.csv', 2, 'output-exists'],
      ['--outcomes mine.txt', 2, 'output-exists'],
    ] as const) {
      const ran = await at.run(`escrow register lot.csv ${flag}`);
      expect([flag, ran.code, answerOf(ran)]).toEqual([flag, code, error]);
    }
  });

  it('refuses a manifest with a secret column before anything leaves', async () => {
    const before = await at.rig.store.reader.selectFrom('uploads').select('id').execute();
    const write = 'manifest write A1 --with-secrets --plaintext --range 0-9 -o secret.csv';
    expect((await at.run(write)).code).toBe(0);
    const ran = await at.run('escrow register secret.csv');
    expect([ran.code, answerOf(ran)]).toEqual([2, 'secret-columns']);
    const after = await at.rig.store.reader.selectFrom('uploads').select('id').execute();
    expect(after).toEqual(before);
  });
});
