import { setTimeout } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { isPostgres, openStore } from '../store/open-store.ts';
import type { Operation } from '../store/operations.ts';
import { commitUpload } from './commit-upload.ts';

// The entry of a worker thread: a bundle of its own, dist/upload-worker.js. It has a connection of its
// own, so that the service's thread answers while rows go in.
const port = parentPort;
if (!port) throw new Error('this is the entry of a worker thread');
const { database, operation } = workerData as {
  readonly database: string;
  readonly operation: Operation;
};
const stop = new AbortController();
port.once('message', () => {
  stop.abort();
});
// Whoever may still say something keeps no thread alive that has ended its work.
port.unref();
await using store = await openStore(database, { create: false });
await commitUpload(store, operation, {
  signal: stop.signal,
  onStep: async ({ accountId, id }) => {
    port.postMessage([accountId, id]);
    // Messages are heard between two turns of the loop alone, and SQLite's calls give it none; and whoever
    // waits for its file looks every 2 ms.
    if (!isPostgres(database)) await setTimeout(5);
  },
});
