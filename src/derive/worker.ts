import { parentPort, workerData } from 'node:worker_threads';
import type { ToWorker, WorkerStart } from './job-messages.ts';
import { JobRunner } from './job-runner.ts';

// The entry of a worker thread: a bundle of its own, dist/worker.js.
const port = parentPort;
if (!port) throw new Error('this is the entry of a worker thread');
const runner = new JobRunner(workerData as WorkerStart);
let turn = Promise.resolve();

port.on('message', (message: ToWorker) => {
  turn = turn.then(() => handle(message));
});

async function handle(message: ToWorker): Promise<void> {
  switch (message.type) {
    case 'begin':
      await runner.begin(message);
      return;
    case 'rows':
    case 'write': {
      const reply = runner.do(message);
      port?.postMessage(reply, reply.type === 'rows' ? [reply.memory.buffer] : []);
      return;
    }
    case 'end':
      runner.end(message.run);
      return;
    case 'close':
      runner[Symbol.dispose]();
      port?.close();
  }
}
