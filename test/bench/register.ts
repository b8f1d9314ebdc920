/**
 * How long `escrow register` takes for a lot, server and client together, and what both need of memory:
 * `node --import tsx test/bench/register.ts postgres 1000000`. Needs a build in dist.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { keyline, PROGRAM } from '../acceptance/cli.ts';
import { eventsAfter } from '../../src/service/store/feed.ts';
import { startCluster } from '../system/postgres.ts';
import { ServedRegistry } from '../system/served-registry.ts';

const [kind = 'sqlite', units = '1000000'] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'keyline-bench-'));
const cluster = kind === 'postgres' ? await startCluster({ isDurable: true }) : undefined;
const place = join(folder, 'registry.sqlite');
const registry = await ServedRegistry.create(cluster ?? { database: () => Promise.resolve(place) });
const served = await registry.serve();
const env = {
  KEYLINE_HOME: join(folder, 'home'),
  // A passphrase would be most of what the client needs: scrypt's 256 MB.
  KEYLINE_IDENTITY_FILE: join(folder, 'identity'),
};
const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
writeFileSync(env.KEYLINE_IDENTITY_FILE, `${identity}\n`, { mode: 0o600 });
const run = async (line: string): Promise<void> => {
  const ran = await keyline(line.split(' '), { cwd: registry.folder, env });
  if (ran.code !== 0) throw new Error(`${line}: ${ran.stderr}`);
};
const engineer = await registry.member(['factory-engineer']);
writeFileSync(join(registry.folder, 'id'), engineer.principalId);
writeFileSync(join(registry.folder, 'secret'), engineer.clientSecret, { mode: 0o600 });
await run(`key create --label widgets --recipient ${recipient}`);
await run(`registry login ${served.url} --client-id-file id --client-secret-file secret`);
await run('registry key add widgets');
await run(`lot create A1 --size ${units} --serial ACME-{n:8}`);

/** Greatest resident size so far, in MB, and processor seconds of a process. */
function usage(pid: number): { readonly mb: number; readonly cpu: number } {
  const [, kib = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return { mb: Number(kib) / 1024, cpu: (Number(fields[11]) + Number(fields[12])) / 100 };
}

const before = usage(served.pid);
const start = performance.now();
const client = spawn(process.execPath, [PROGRAM, 'escrow', 'register', 'A1', '--json'], {
  ...{ cwd: registry.folder, env: { PATH: process.env['PATH'] ?? '', ...env } },
  stdio: ['ignore', 'ignore', 'inherit'],
});
let clientMb = 0;
const timer = setInterval(() => {
  try {
    clientMb = Math.max(clientMb, usage(client.pid ?? 0).mb);
  } catch {
    // It has ended.
  }
}, 100);
const [code] = (await once(client, 'exit')) as [number | null];
clearInterval(timer);
const endedAt = Date.now();
const seconds = (performance.now() - start) / 1_000;
const after = usage(served.pid);
process.stdout.write(
  `${kind}: ${units} devices in ${seconds.toFixed(1)} s (exit ${String(code)}), ` +
    `server ${before.mb.toFixed(0)} → ${after.mb.toFixed(0)} MB, ${(after.cpu - before.cpu).toFixed(1)} s of processor, ` +
    `client ${clientMb.toFixed(0)} MB\n`,
);
const { reader } = registry.store;
const events = await eventsAfter(reader, engineer.accountId, { after: 0, limit: 1_000 });
const timeOf = (type: string): number =>
  Date.parse(events.findLast((e) => e.type === type)?.at ?? '');
const [begun, sent, applied] = ['upload.begun', 'operation.created', 'operation.succeeded'].map(
  timeOf,
) as [number, number, number];
const times = [sent - begun, applied - sent, endedAt - applied].map((ms) =>
  (ms / 1_000).toFixed(1),
);
process.stdout.write(`sent in ${times[0]} s, applied in ${times[1]} s, shown in ${times[2]} s\n`);
await served[Symbol.asyncDispose]();
await registry[Symbol.asyncDispose]();
await cluster?.[Symbol.asyncDispose]();
await rm(folder, { recursive: true });
