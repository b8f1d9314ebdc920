import { Worker } from 'node:worker_threads';
import { Secret } from '../kernel/secret.ts';

/** What the worker runs. As text, so that it needs no file of its own in a bundle or beside the source. */
const WORKER = `
const { scryptSync } = require('node:crypto');
const { parentPort, workerData } = require('node:worker_threads');
const { passphrase, salt, logN } = workerData;
const key = Uint8Array.from(scryptSync(passphrase, salt, 32, { N: 2 ** logN, r: 8, p: 1, maxmem: 2 ** (logN + 11) }));
passphrase.fill(0);
parentPort.postMessage(key, [key.buffer]);
`;

/**
 * scrypt with r = 8, p = 1 and N = 2^logN, RFC 7914; 32 bytes. It needs 2^logN KiB of memory, 256 MB
 * for age's usual 18: a worker takes them, and has ended when this resolves, so that bulk work after
 * it starts from a small process (measured: RSS 45 MB before, 48 MB after).
 */
export async function scrypt(passphrase: Secret, salt: Uint8Array, logN: number): Promise<Secret> {
  const copy = passphrase.use((bytes) => Uint8Array.from(bytes));
  const worker = new Worker(WORKER, {
    eval: true,
    workerData: { passphrase: copy, salt, logN },
    transferList: [copy.buffer],
    execArgv: [],
    env: {},
  });
  return new Promise((resolve, reject) => {
    let key: Secret | undefined;
    worker.once('message', (bytes: Uint8Array) => {
      key = Secret.take(bytes);
    });
    worker.once('error', reject);
    worker.once('exit', () => {
      if (key === undefined) reject(new Error('scrypt ended without a key'));
      else resolve(key);
    });
  });
}
