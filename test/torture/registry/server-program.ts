import { runService } from '../../../src/service/run-service.ts';
import { orderDeath } from './mortal-change.ts';
import type { ServerOrder } from './server-order.ts';

/**
 * `registry serve` as a process that can be killed: the service as the command composes it, which says
 * on standard output where it listens. What it logs goes to standard error.
 */
const order = JSON.parse(process.argv[2] ?? '') as ServerOrder;
const stop = new AbortController();
process.once('SIGTERM', () => {
  stop.abort();
});
if (order.death) orderDeath(order.death.place, order.death.nth);
const { database, masterKeyFile, publicUrl } = order;
await runService(
  {
    ...{ database, masterKeyFile, publicUrl, listen: '127.0.0.1:0', insecureHttp: false },
    limits: { principalPerMinute: 1e9, addressPerMinute: 1e9, loginsPerTenMinutes: 1e9 },
    ...{ logLevel: 'error', version: '0.0.0' },
  },
  {
    signal: stop.signal,
    logTo: { write: (line) => void process.stderr.write(line) },
    onReady: ({ url }) => void process.stdout.write(`${new URL(url).port}\n`),
  },
);
