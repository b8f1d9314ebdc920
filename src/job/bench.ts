import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { Worker } from 'node:worker_threads';
import { chooseDeriver } from '../derive/choose.ts';
import { openRowSource } from '../derive/rows.ts';
import type { RowSource } from '../derive/rows.ts';
import { workerLocation } from '../derive/worker-location.ts';
import { throwIfAborted } from '../kernel/errors.ts';
import { parseColumns } from '../model/columns.ts';
import { SCHEMES } from '../model/lot.ts';
import type { Scheme } from '../model/lot.ts';
import type { RowPlan } from '../model/row-template.ts';
import { measureDeriver } from './measure-deriver.ts';
import type { DeriverOrder } from './measure-deriver.ts';
import { openBatch } from './make-batch.ts';
import { Meter } from './meter.ts';
import type { OpenLot } from './open-lot.ts';
import { runPlainScript } from './plain-script.ts';

/** How long and how much each way is measured, whichever ends first. */
export interface BenchLimits {
  readonly seconds: number;
  readonly count: number;
  readonly schemes?: readonly Scheme[] | undefined;
  readonly signal?: AbortSignal;
  /** Called before each measurement. */
  readonly onMeasure?: (what: string) => void;
}

/** Units per second of one scheme. */
export interface BenchRow {
  readonly scheme: Scheme;
  /** Derived one by one, no text made, one thread. */
  readonly derived: number;
  /** The same by `workers` threads. */
  readonly derivedWorkers: number;
  /** As CSV rows into /dev/null, one thread. */
  readonly csv: number;
  /** The same by `workers` threads. */
  readonly csvWorkers: number;
}

/** One run on one machine. */
export interface BenchReport {
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string };
  readonly engine: string;
  readonly workers: number;
  readonly rows: readonly BenchRow[];
  /** psk rows by createHmac and csv-stringify, one unit after the other. */
  readonly plainScript: number;
  /** One thread's psk CSV rate over the plain script's. */
  readonly timesPlainScript?: number;
}

const COLUMNS: Record<Scheme, string> = {
  psk: 'index,serial,endpoint_key,endpoint_secret',
  'azure-dps': 'index,serial,endpoint_key,endpoint_secret',
  ed25519: 'index,serial,endpoint_key,public_key,private_key',
  p256: 'index,serial,endpoint_key,public_key,private_key',
  'x509-p256': 'index,serial,endpoint_key,certificate,private_key',
};

/** Measures every way in one run under throw-away keys; touches no home and writes to /dev/null only. */
export async function runBench(limits: BenchLimits): Promise<BenchReport> {
  const workers = availableParallelism();
  const { seconds, count } = limits;
  const rows: BenchRow[] = [];
  for (const scheme of limits.schemes ?? SCHEMES) {
    await using lot = await openBatch({ count: limits.count, scheme });
    limits.onMeasure?.(scheme);
    rows.push({
      scheme,
      derived: await measureDeriver(lot, limits),
      derivedWorkers: await measureDerivers(limits, { scheme, seconds, count }),
      csv: await measureRows(lot, limits, 0),
      csvWorkers: await measureRows(lot, limits, workers),
    });
  }
  limits.onMeasure?.('plain script');
  const plain = await runPlainScript(limits);
  const plainScript = Math.round(plain.units / plain.seconds);
  const psk = rows.find(({ scheme }) => scheme === 'psk');
  return {
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: workers,
      node: process.version,
    },
    engine: chooseDeriver().name,
    workers,
    rows,
    plainScript,
    ...(psk && { timesPlainScript: Math.round((psk.csv / plainScript) * 10) / 10 }),
  };
}

/** Derivation alone has no pool: each thread derives for itself, under a throw-away key of its own. */
async function measureDerivers(limits: BenchLimits, order: DeriverOrder): Promise<number> {
  const rates = Array.from({ length: availableParallelism() }, () =>
    deriveInThread(order, limits.signal),
  );
  return (await Promise.all(rates)).reduce((sum, rate) => sum + rate, 0);
}

async function deriveInThread(order: DeriverOrder, signal?: AbortSignal): Promise<number> {
  const { url, execArgv } = workerLocation('bench-worker', 'job/bench-worker.ts');
  const worker = new Worker(url, { workerData: order, execArgv });
  try {
    const [rate] = (await once(worker, 'message', signal ? { signal } : {})) as [number];
    return rate;
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  } finally {
    await worker.terminate();
  }
}

async function measureRows(lot: OpenLot, limits: BenchLimits, workers: number): Promise<number> {
  await using nowhere = await open('/dev/null', 'w');
  await using source: RowSource = await openRowSource({ workers });
  const plan: RowPlan = {
    format: 'csv',
    columns: parseColumns(COLUMNS[lot.lot.scheme].split(','), lot.lot.scheme),
  };
  const meter = new Meter(limits);
  for await (const lent of source.stream(lot, { from: 0, count: limits.count }, plan)) {
    using chunk = lent;
    writeSync(nowhere.fd, chunk.bytes);
    if (meter.isOver(chunk.count)) break;
  }
  return meter.perSecond;
}
