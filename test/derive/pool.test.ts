import { expect, it } from 'vitest';
import { Pool } from '../../src/derive/pool.ts';
import { runInOrder } from '../../src/derive/pool-run.ts';
import { testLot } from './lots.ts';

const START = { engine: 'portable', module: undefined } as const;
const ORDER = { lot: testLot('psk'), plan: { format: 'csv', columns: [] } } as const;

/** A worker thread that is this line of JavaScript; `port` is its end of the channel. */
function poolOf(script: string, count = 1): Pool {
  const source = `import { parentPort as port } from 'node:worker_threads'; ${script}`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  return new Pool(count, START, { url, execArgv: [] });
}

function job(from: number) {
  return {
    job: {
      type: 'rows',
      run: 0,
      range: { from, count: 1 },
      secrets: { firstBlock: 0, blocks: new Uint8Array(32), from },
      memory: new Uint8Array(8),
    },
    transfer: [],
  } as const;
}

async function drain(pool: Pool, jobs: number): Promise<number[]> {
  const ready = Array.from({ length: jobs }, (_, at) => job(at)).values();
  const froms: number[] = [];
  for await (const reply of runInOrder(pool, ready, { run: 0, order: ORDER })) {
    if (reply.type === 'rows') froms.push(reply.range.from);
  }
  return froms;
}

const ECHO = `
  const reply = (job) => port.postMessage({ type: 'rows', job: job.job, range: job.range, memory: job.memory, sizeBytes: 0 });`;

it.each([
  ['throws', `port.on('message', () => { throw new Error('boom'); });`],
  ['exits', `port.on('message', () => { process.exit(0); });`],
  ['never starts', `import 'node:nothing';`],
])('fails every job instead of waiting when a worker %s', async (_name, script) => {
  const pool = poolOf(script);
  await expect(drain(pool, 2)).rejects.toThrow('a worker thread');
  await expect(drain(pool, 1)).rejects.toThrow('a worker thread');
  await pool[Symbol.asyncDispose]();
});

it('gives replies in the order of the jobs, whichever worker is first', async () => {
  // The first job's worker answers it only after its next one.
  await using pool = poolOf(
    `${ECHO} let held; port.on('message', (message) => {
      if (message.type === 'close') port.close();
      if (message.type !== 'rows') return;
      if (message.range.from === 0) { held = message; return; }
      reply(message);
      if (held) { reply(held); held = undefined; }
    });`,
    2,
  );
  expect(await drain(pool, 40)).toEqual(Array.from({ length: 40 }, (_, at) => at));
});

it('has a few jobs for each worker in flight and takes more only when one is taken', async () => {
  await using pool = poolOf(
    `${ECHO} port.on('message', (message) => {
      if (message.type === 'close') port.close();
      if (message.type === 'rows') reply(message);
    });`,
    2,
  );
  let taken = 0;
  function* jobs() {
    for (;;) {
      taken++;
      yield job(taken);
    }
  }
  let seen = 0;
  for await (const reply of runInOrder(pool, jobs(), { run: 0, order: ORDER })) {
    expect(reply.type).toBe('rows');
    expect(taken - seen).toBeLessThanOrEqual(6);
    if (++seen === 100) break;
  }
});

it('tells workers to stop at an abort and waits for what they are at', async () => {
  // Each answers only once it is told to stop, as in the middle of a chunk; the second one has
  // some more to do then.
  await using pool = poolOf(
    `let stop, ended; port.on('message', (message) => {
      if (message.type === 'close') port.close();
      if (message.type === 'begin') {
        stop = new Int32Array(message.stop);
        ended = new Int32Array(message.plan.ended);
      }
      if (message.type !== 'rows') return;
      while (Atomics.load(stop, 0) === 0);
      if (message.range.from % 2 === 1) for (let turn = 0; turn < 1e7; turn++) Atomics.load(stop, 0);
      Atomics.add(ended, 0, 1);
      const error = { kind: 'keyline', code: 'interrupted', message: '', hint: '', facts: {} };
      port.postMessage({ type: 'failed', job: message.job, error });
    });`,
    2,
  );
  const ended = new SharedArrayBuffer(4);
  const order = { lot: ORDER.lot, plan: { ...ORDER.plan, ended } };
  const abort = new AbortController();
  setImmediate(() => {
    abort.abort();
  });
  const jobs = [0, 1, 2, 3].map(job).values();
  const run = runInOrder(pool, jobs, { run: 0, order, signal: abort.signal });
  await expect(run.next()).rejects.toMatchObject({ code: 'interrupted' });
  expect(new Int32Array(ended)[0]).toBe(4);
});
