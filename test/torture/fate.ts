import { writeSync } from 'node:fs';
import type { Clock } from '../../src/kernel/clock.ts';
import type { Driver, DriverContext } from '../../src/device/driver.ts';
import type { Port } from '../../src/device/ports/port.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { KillPoint, Place } from './kill-point.ts';
import type { Said } from './station-order.ts';
import { withMethods } from './with-methods.ts';

/** One line of standard output, out before this returns: the next thing may be SIGKILL. */
export function say(what: Said): void {
  writeSync(1, `${JSON.stringify(what)}\n`);
}

/** Kills this process at the point that was chosen for it, in the middle of whatever it does. */
export class Fate {
  readonly #point: KillPoint;
  #times = 0;

  constructor(point: KillPoint) {
    this.#point = point;
  }

  /** SIGKILL is not delivered later: the process ends within this call. */
  reach(place: Place): void {
    if (!this.awaits(place) || ++this.#times < this.#nth) return;
    say({ said: 'killed', place });
    process.kill(process.pid, 'SIGKILL');
  }

  /** Whether the next time at this place is the last one. */
  isNext(place: Place): boolean {
    return this.awaits(place) && this.#times + 1 === this.#nth;
  }

  private awaits(place: Place): boolean {
    return this.#point.at === 'place' && this.#point.place === place;
  }

  get #nth(): number {
    return this.#point.at === 'place' ? this.#point.nth : Infinity;
  }
}

/** A ledger after each commit of which the process may die: before the witness is written, and after. */
export function mortalLedger(ledger: Ledger, fate: Fate): Ledger {
  const during = async <T>(type: string, done: Promise<T>): Promise<T> => {
    // What is asked of a ledger is committed when it returns its promise; the rest is the witness.
    fate.reach('committed:any');
    fate.reach(`committed:${type}` as Place);
    const result = await done;
    fate.reach('recorded:any');
    fate.reach(`recorded:${type}` as Place);
    return result;
  };
  return withMethods(ledger, {
    reserve: (request) => during('reserved', ledger.reserve(request)),
    adopt: (request) => during('adopted', ledger.adopt(request)),
    record: (event) => during(event.type, ledger.record(event)),
  });
}

/** A driver after each visit and each port write of which the process may die. */
export function mortalDriver(driver: Driver, fate: Fate): Driver {
  const visit = async <T>(name: 'identify' | 'inspect' | 'write' | 'verify', done: Promise<T>) => {
    const result = await done;
    fate.reach(`${name}:ended`);
    return result;
  };
  const model = driver.model?.bind(driver);
  const captures = driver.captures?.bind(driver);
  return {
    identify: (context) => visit('identify', driver.identify(mortalContext(context, fate))),
    inspect: (context) => visit('inspect', driver.inspect(mortalContext(context, fate))),
    ...(model && { model: (context) => model(mortalContext(context, fate)) }),
    ...(captures && { captures: (context) => captures(mortalContext(context, fate)) }),
    write: (context, values) => visit('write', driver.write(mortalContext(context, fate), values)),
    verify: (context, values) =>
      visit('verify', driver.verify(mortalContext(context, fate), values)),
  };
}

/** A clock that is read within transactions. */
export function mortalClock(clock: Clock, fate: Fate): Clock {
  return {
    now: () => {
      fate.reach('stamped');
      return clock.now();
    },
  };
}

function mortalContext(context: DriverContext, fate: Fate): DriverContext {
  return {
    get port() {
      return mortalPort(context.port, fate);
    },
    signal: context.signal,
    log: context.log,
    releasePort: (use) => context.releasePort(use),
  };
}

function mortalPort(port: Port, fate: Fate): Port {
  return withMethods(port, {
    write: async (bytes, options) => {
      if (fate.isNext('wrote-half')) {
        await port.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), options);
      } else await port.write(bytes, options);
      fate.reach('wrote');
      fate.reach('wrote-half');
    },
  });
}
