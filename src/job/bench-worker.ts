import { parentPort, workerData } from 'node:worker_threads';
import { openBatch } from './make-batch.ts';
import { measureDeriver } from './measure-deriver.ts';
import type { DeriverOrder } from './measure-deriver.ts';

const order = workerData as DeriverOrder;
await using lot = await openBatch(order);
parentPort?.postMessage(await measureDeriver(lot, order));
