import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSimulator } from '../../src/device/simulator/simulator.ts';
import type { Simulator } from '../../src/device/simulator/simulator.ts';
import { loadProfile } from '../../src/job/check-device-file.ts';
import { ROOT } from './cli.ts';
import { answerOf, RegistryHome } from './registry-home.ts';

let at: RegistryHome;
let simulator: Simulator;
beforeAll(async () => {
  at = await RegistryHome.make([
    'lot create A1 --size 20 --serial ACME-{n:4}',
    'station init --name line-1',
    'escrow register A1',
  ]);
  simulator = await createSimulator({
    profile: await loadProfile(join(ROOT, 'fixtures/profiles/linux-shell.yaml')),
    dir: join(at.path, 'devices'),
    count: 4,
  });
}, 240_000);
afterAll(async () => {
  await simulator.close();
  await at[Symbol.asyncDispose]();
});

const station = (slots: string, flags: string) =>
  at.run(
    `station run A1 --profile linux-shell --jig ./devices/jig.yaml --slots ${slots} --once ${flags}`,
  );
const waiting = (count: number): unknown => expect.objectContaining({ waiting: count });
const verified = async (): Promise<string[]> => {
  const devices = at.rig.store.reader.selectFrom('devices').select('serial').orderBy('serial');
  const rows = await devices.where('provisioning', '=', 'verified').execute();
  return rows.map(({ serial }) => serial);
};

it('registers units as they pass, or when the registry is there again, and loses and repeats none', async () => {
  const online = await station('1,2', '--register');
  expect([online.code, answerOf(online)]).toEqual([
    0,
    expect.objectContaining({ passed: 2, registered: waiting(0) }),
  ]);
  expect(await verified()).toEqual(['ACME-0000', 'ACME-0001']);

  // The same log-in, at an address where nobody answers.
  const context = join(at.path, 'home/registry/default.json');
  const text = readFileSync(context, 'utf8');
  writeFileSync(context, text.replace(at.url, 'http://127.0.0.1:9'), { mode: 0o600 });
  const offline = await station('3,4', '--register');
  expect([offline.code, answerOf(offline)]).toEqual([
    0,
    // Of this registry it knows nothing yet: all four wait.
    expect.objectContaining({ passed: 2, registered: waiting(4) }),
  ]);
  expect(offline.stdout).toContain('keyline station register A1');
  writeFileSync(context, text, { mode: 0o600 });
  expect((await verified()).length).toBe(2);

  const caughtUp = await at.run('station register A1');
  const none = { created: 0, conflict: 0, invalid: 0 };
  expect(answerOf(caughtUp)).toEqual({ ...none, unchanged: 2 });
  expect((await verified()).length).toBe(4);
  expect(answerOf(await at.run('station register A1'))).toEqual({ ...none, unchanged: 0 });
  expect(answerOf(await at.run('station register A1 --all'))).toEqual({ ...none, unchanged: 4 });

  await at.run('manifest write A1 --as-built -o built.csv');
  const built = await at.run('escrow register built.csv');
  expect(answerOf(built)).toMatchObject({ ...none, rows: 4, unchanged: 4 });
});

it('ends before it touches a device where nobody is logged in', async () => {
  const ran = await station('1', '--register --context nobody');
  expect([ran.code, answerOf(ran)]).toEqual([5, 'unauthenticated']);
});
