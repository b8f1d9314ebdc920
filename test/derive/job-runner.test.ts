import { expect, it } from 'vitest';
import { JobRunner } from '../../src/derive/job-runner.ts';
import { takeSecrets } from '../../src/derive/job-secrets.ts';
import { postError as postedOf, receiveError } from '../../src/derive/job-error.ts';
import type { Engine } from '../../src/derive/row-engine.ts';
import { KeylineError } from '../../src/kernel/errors.ts';
import { parseColumns } from '../../src/model/columns.ts';
import { testLot, VECTORS, vectorSecrets } from './lots.ts';

const LOT = testLot('psk');
const PLAN = { format: 'csv', columns: parseColumns(['endpoint_secret:hex']) } as const;
const RANGE = { from: 4000, count: 300 };

async function begun(engine: Engine) {
  const runner = new JobRunner({ engine, module: undefined });
  const stop = new SharedArrayBuffer(4);
  await runner.begin({ type: 'begin', run: 5, lot: LOT, plan: PLAN, stop });
  return { runner, stop: new Int32Array(stop) };
}

function rowsJob() {
  const secrets = takeSecrets({ lot: LOT, secrets: vectorSecrets(VECTORS.lots[0]) }, RANGE, {});
  return {
    type: 'rows',
    run: 5,
    job: 9,
    range: RANGE,
    secrets,
    memory: new Uint8Array(100),
  } as const;
}

it.each(['fast', 'portable'] as const)('wipes what came with a job to %s', async (engine) => {
  const { runner } = await begun(engine);
  const job = rowsJob();
  expect(job.secrets.blocks.some((byte) => byte !== 0)).toBe(true);
  const reply = runner.do(job);
  expect(reply).toMatchObject({ type: 'rows', job: 9, sizeBytes: RANGE.count * 65 });
  expect(job.secrets.blocks.every((byte) => byte === 0)).toBe(true);
  // The memory that was too small held rows for a while.
  expect(job.memory.every((byte) => byte === 0)).toBe(true);
});

it.each(['fast', 'portable'] as const)(
  'does nothing more of a run that stopped: %s',
  async (engine) => {
    const { runner, stop } = await begun(engine);
    Atomics.store(stop, 0, 1);
    const { secrets, memory, ...job } = rowsJob();
    const interrupted = { type: 'failed', job: 9, error: { kind: 'keyline', code: 'interrupted' } };
    expect(runner.do({ ...job, secrets, memory })).toMatchObject(interrupted);
    const place = { range: RANGE, position: 0, header: new Uint8Array(1) };
    const write = { type: 'write', run: 5, job: 9, place, fd: -1, secrets } as const;
    expect(runner.do(write)).toMatchObject(interrupted);
    expect(memory.every((byte) => byte === 0)).toBe(true);
  },
);

it('answers a job of a run that has ended with an error', async () => {
  const { runner } = await begun('portable');
  runner.end(5);
  expect(runner.do(rowsJob())).toMatchObject({ type: 'failed', job: 9, error: { kind: 'other' } });
});

it('throws in the main thread what was thrown in the worker', () => {
  const facts = { index: 4 };
  const keyline = new KeylineError('outside-grant', { message: 'no', hint: 'ask', facts });
  const received = receiveError(structuredClone(postedOf(keyline)));
  expect(received).toBeInstanceOf(KeylineError);
  expect(received).toMatchObject({ code: 'outside-grant', message: 'no', hint: 'ask', facts });
  const errno = Object.assign(new Error('EFBIG: file too large, write'), {
    code: 'EFBIG',
    errno: -27,
    syscall: 'write',
    dest: 'kept back',
  });
  const again = receiveError(structuredClone(postedOf(errno)));
  expect(again).toMatchObject({ code: 'EFBIG', errno: -27, syscall: 'write' });
  expect(again).not.toHaveProperty('dest');
  expect(receiveError(structuredClone(postedOf(new TypeError('x')))).message).toBe('x');
});
