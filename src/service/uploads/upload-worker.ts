import { parentPort, workerData } from 'node:worker_threads';
import { openStore } from '../store/open-store.ts';
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
await using store = await openStore(database, { create: false });
await commitUpload(store, operation, {
  onStep: ({ accountId, id }) => {
    port.postMessage([accountId, id]);
  },
});
