import { MemoryDevice } from '../../src/device/ports/memory-port.ts';
import type { Driver } from '../../src/device/driver.ts';
import { ensureLedgerFolder } from '../../src/home/ledger-paths.ts';
import { admitUnits } from '../../src/job/admit-units.ts';
import { DeviceSession } from '../../src/job/device-session.ts';
import { LiveDevices } from '../../src/job/live-devices.ts';
import { bookOf, openLot } from '../../src/job/open-lot.ts';
import { openStation } from '../../src/job/open-station.ts';
import { provisionRun } from '../../src/job/provision-run.ts';
import type { Outcome } from '../../src/job/provision-run.ts';
import { provisionUnit } from '../../src/job/provision-unit.ts';
import type { Ledger, LedgerReader } from '../../src/ledger/ledger.ts';
import { openLedger, openLedgerReader } from '../../src/ledger/open-ledger.ts';
import type { Range } from '../../src/model/range.ts';
import { collect } from '../ledger/station.ts';
import type { TestHome } from './lot-home.ts';
import { PROFILE } from './provision-rig.ts';

export const TOOL = '0.1.0';

/** The ledger of a home, as its station opens it. */
export async function withLedger<T>(
  { home, credentials }: TestHome,
  work: (ledger: Ledger) => Promise<T>,
): Promise<T> {
  using station = await openStation(home, credentials);
  const path = await ensureLedgerFolder(home);
  await using ledger = await openLedger(path, { station, toolVersion: TOOL });
  return await work(ledger);
}

/** Looks into the ledger of a home. */
export async function look<T>(
  at: TestHome,
  work: (reader: LedgerReader) => T | Promise<T>,
): Promise<T> {
  using reader = await openLedgerReader(await ensureLedgerFolder(at.home));
  return await work(reader);
}

/** Takes one device after the other through the real job, each run with its admission, as `station run` does. */
export async function takeAll(
  at: TestHome,
  lot: string,
  drivers: readonly Driver[],
  range?: Range,
): Promise<Outcome[]> {
  const { home, credentials } = at;
  await using open = await openLot(home, lot, credentials);
  return await withLedger(at, async (ledger) => {
    const book = bookOf(home, open.lot);
    const ranges = await admitUnits(ledger, open, { station: 'line-1', book, range });
    const parts = { open, profile: PROFILE, ledger, station: 'line-1', context: {} } as const;
    const run = provisionRun({ ...parts, mode: 'provision', ...(range && { ranges }) });
    const outcomes: Outcome[] = [];
    for (const driver of drivers) {
      const line = new MemoryDevice();
      const memory = () => line.open();
      const address = { kind: 'memory', name: 'device' } as const;
      await using session = await DeviceSession.open(address, { baudRate: 115_200, memory });
      const devices = new LiveDevices();
      const signal = new AbortController().signal;
      const arrived = (id: string) => devices.arrive(id);
      outcomes.push(await provisionUnit(run, { driver, session, signal, arrived }));
    }
    return outcomes;
  });
}

/** The types of a ledger's events, with their codes, from its second one on. */
export function eventsOf(at: TestHome): Promise<string[]> {
  return look(at, (reader) =>
    collect(reader.entries(2), ({ event }) =>
      'code' in event ? `${event.type} ${event.code ?? ''}`.trim() : event.type,
    ),
  );
}
