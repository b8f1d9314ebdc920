import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore } from '../../src/service/store/open-store.ts';
import { IS_SHOWN } from '../../src/service/store/shown.ts';
import { PROGRAM } from './cli.ts';
import { RequestGate } from './request-gate.ts';
import type { Passage } from './request-gate.ts';
import { ServedRegistry } from './served-registry.ts';

/** Two parts. */
const UNITS = 70_000;
let served: ServedRegistry;

beforeAll(async () => {
  served = await ServedRegistry.start({ acme: ['factory-engineer'] });
  await served.must('key create --label widgets');
  await served.must('registry key add widgets', 'acme');
  mkdirSync(join(served.folder, 'tmp'));
}, 60_000);
afterAll(() => served[Symbol.asyncDispose]());

/** A lot of its own, and a log-in through a gate. */
async function gateFor(
  lot: string,
  passageOf: (method: string, path: string) => Passage,
): Promise<RequestGate> {
  await served.must(`lot create ${lot} --size ${UNITS} --serial ${lot}-{n:8}`);
  const gate = await RequestGate.before(served.url, passageOf);
  const files = '--client-id-file acme.id --client-secret-file acme.secret';
  await served.must(`registry login ${gate.url} --context gate ${files}`);
  return gate;
}

/** `escrow register` through the gate, begun. */
function begin(lot: string) {
  const { PATH = '' } = process.env;
  const env = { ...served.env, PATH, KEYLINE_CONTEXT: 'gate', TMPDIR: join(served.folder, 'tmp') };
  const words = ['escrow', 'register', lot, '--json'];
  const child = spawn(process.execPath, [PROGRAM, ...words], {
    ...{ cwd: served.folder, env, stdio: ['ignore', 'pipe', 'inherit'] },
  });
  const ended = Promise.all([text(child.stdout), once(child, 'exit')]).then(([said, [code]]) => ({
    ...{ code: code as unknown },
    ...(JSON.parse(said) as { result?: object; error?: { code: string; hint: string } }),
  }));
  return { child, ended };
}

/** Devices that are seen, and how many serials they have. */
async function devicesOf(lot: string): Promise<unknown> {
  const path = join(served.folder, 'registry.sqlite');
  await using store = await openStore(path, { create: false });
  return await store.reader
    .selectFrom('devices')
    .select(({ fn }) => [fn.countAll().as('devices'), fn.count('serial').distinct().as('serials')])
    .where('serial', 'like', `${lot}-%`)
    .where(IS_SHOWN)
    .executeTakeFirstOrThrow();
}

it.each([
  ['SIGINT', 'while a part is sent', 'A1', /\/parts\/1$/],
  ['SIGTERM', 'while a part is sent', 'A2', /\/parts\/1$/],
  ['SIGINT', 'while rows are registered', 'A3', /^\/v1\/operations\//],
] as const)(
  'ends by %s %s with 130 and how to go on, and the same command loses and doubles nothing',
  async (signal, _when, lot, held) => {
    await using gate = await gateFor(lot, (_, path) => (held.test(path) ? 'held' : 'through'));
    const first = begin(lot);
    await gate.still;
    first.child.kill(signal);
    const { code, error } = await first.ended;
    expect([code, error]).toEqual([
      130,
      expect.objectContaining({
        code: 'interrupted',
        hint: expect.stringContaining('the same command goes on') as string,
      }),
    ]);
    expect(readdirSync(join(served.folder, 'tmp'))).toEqual([]);
    expect(readdirSync(served.folder)).not.toContain('failed-rows.ndjson');
    gate.open();
    const again = await begin(lot).ended;
    expect(again).toMatchObject({ code: 0, result: { rows: UNITS, conflict: 0, invalid: 0 } });
    if (held.test('/parts/1')) {
      expect(again.result).toMatchObject({ created: UNITS, resumedParts: 1 });
    }
    expect(await devicesOf(lot)).toEqual({ devices: UNITS, serials: UNITS });
  },
);

it('goes on over the end of the registry’s process, which waits for no part that does not come', async () => {
  await using gate = await gateFor('B1', (_, path) =>
    path.endsWith('/parts/1') ? 'half' : 'through',
  );
  const { ended } = begin('B1');
  await gate.still;
  expect(await served.stop()).toBe(0);
  await served.serve();
  gate.open();
  expect(await ended).toMatchObject({ code: 0, result: { created: UNITS, conflict: 0 } });
  expect(await devicesOf('B1')).toEqual({ devices: UNITS, serials: UNITS });
});
