import { readFileSync } from 'node:fs';
import type { Driver } from '../../src/device/driver.ts';
import { Home } from '../../src/home/home.ts';
import { loadJig } from '../../src/job/check-device-file.ts';
import { openLine } from '../../src/job/open-line.ts';
import { runStation } from '../../src/job/run-station.ts';
import type { StationEvent } from '../../src/job/station-event.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { KeylineError } from '../../src/kernel/errors.ts';
import { plant } from './bugs.ts';
import { Fate, mortalClock, mortalDriver, mortalLedger, say } from './fate.ts';
import type { StationOrder } from './station-order.ts';

/**
 * The station's job in a process of its own, as `station run` starts it, with a point at which it dies.
 * Everything between the ports and the ledger is the product; what is here only lets it be killed.
 */
async function work(given: StationOrder): Promise<void> {
  const bug = given.bug === undefined ? {} : plant(given.bug);
  const stop = new AbortController();
  process.on('SIGINT', () => {
    stop.abort();
    if (bug.leavesAtOnce) leave();
  });
  const order = (await bug.begin?.(given)) ?? given;
  const fate = new Fate(order.kill);
  const clock = mortalClock(systemClock, fate);
  const { lot, profile, witness, identityFile, machineId } = order;
  await using line = await openLine(
    Home.at(order.home),
    { lot, profile, witness, jig: 'torture' },
    { credentials: { identityFile }, toolVersion: '0.1.0', clock, machineId },
  );
  const { ledger } = line.run;
  if (order.acknowledge) await ledger.acknowledge(await ledger.signedHead());
  say({ said: 'open' });
  const { once, maxAttempts } = order;
  let slot = 0;
  const drive = (): Driver => {
    const driver = line.driver();
    return bug.driver?.(driver, ++slot) ?? driver;
  };
  await runStation(
    {
      ...line,
      run: { ...line.run, ledger: mortalLedger(bug.ledger?.(ledger) ?? ledger, fate) },
      driver: () => mortalDriver(drive(), fate),
    },
    {
      ...{ jig: await loadJig(order.jig), once, maxAttempts, everyMs: 10 },
      ...{ signal: stop.signal, onEvent: tell },
    },
  );
}

function tell(event: StationEvent): void {
  if (event.type === 'passed') say({ said: 'passed', slot: event.slot, unit: event.unit });
  if (event.type === 'failed' && !event.again) {
    say({ said: 'failed', slot: event.slot, unit: event.unit });
  }
}

function leave(): never {
  say({ said: 'ended' });
  process.exit(0);
}

try {
  await work(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as StationOrder);
  say({ said: 'ended' });
} catch (error) {
  if (!(error instanceof KeylineError)) throw error;
  say({ said: 'refused', code: error.code });
}
