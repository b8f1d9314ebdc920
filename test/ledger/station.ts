import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { Ledger, LedgerOptions } from '../../src/ledger/ledger.ts';
import { toBase64 } from '../../src/kernel/bytes.ts';
import { spkiOf } from '../../src/model/hierarchy.ts';
import { parseLotId } from '../../src/model/ids.ts';
import type { RecordedEvent } from '../../src/ledger/ledger.ts';
import { otherKey, stationKey } from '../seals/fixtures.ts';

export const LOT = parseLotId('kl_dx5ytj1vmbk5rf40kn1wfgbt5w');
export const OTHER_LOT = parseLotId('kl_00000000000000000000000000');
export const MACHINE = 'ab'.repeat(32);

/** A station as `openStation` gives it. */
export function station(signingKey = stationKey(), name = 'line-1'): LedgerOptions['station'] {
  return { card: { stationKey: toBase64(spkiOf(signingKey)), name }, signingKey };
}

export function otherStation(): LedgerOptions['station'] {
  return station(otherKey(), 'line-2');
}

/** A folder for one ledger. */
export interface Bench extends AsyncDisposable {
  readonly folder: string;
  readonly path: string;
  open(options?: Partial<LedgerOptions>): Promise<Ledger>;
}

/** A new bench. */
export async function makeBench(): Promise<Bench> {
  return reopenBench(await mkdtemp(join(tmpdir(), 'keyline-ledger-')));
}

/** The bench in a folder that is there. */
export function reopenBench(folder: string): Bench {
  const path = join(folder, 'ledger.sqlite');
  return {
    folder,
    path,
    open: (options = {}) =>
      openLedger(path, {
        station: station(),
        toolVersion: '0.1.0',
        machineId: MACHINE,
        ...options,
      }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** A lot of ten planned and two spare units, all of them this station's. */
export const TEN = { lotId: LOT, size: 10, spare: 2, ranges: [{ from: 0, count: 12 }] };

/** The events of a device that passes. */
export function passing(index: number, hardwareId: string): RecordedEvent[] {
  const unit = { lotId: LOT, index, hardwareId };
  return [
    { type: 'writing', ...unit },
    { type: 'written', ...unit },
    {
      type: 'verified',
      ...unit,
      evidence: { kind: 'digest', detail: 'sha256 of the key' },
      idAfter: hardwareId,
    },
    { type: 'done', ...unit },
  ];
}

/** Reserves and records until the device is done; returns its index. */
export async function pass(ledger: Ledger, hardwareId: string): Promise<number> {
  const { index } = await ledger.reserve({ hardwareId, lotId: LOT });
  for (const event of passing(index, hardwareId)) await ledger.record(event);
  return index;
}

/** Everything that an iterable gives. */
export async function collect<T, U = T>(
  items: AsyncIterable<T>,
  map: (item: T) => U = (item) => item as unknown as U,
): Promise<U[]> {
  const all: U[] = [];
  for await (const item of items) all.push(map(item));
  return all;
}
