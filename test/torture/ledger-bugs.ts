import type { LedgerEntry } from '../../src/ledger/chain.ts';
import type { Ledger, RecordedEvent } from '../../src/ledger/ledger.ts';
import type { Planted } from './bugs.ts';
import { withMethods } from './with-methods.ts';

/** What nobody looks at. */
const UNSEEN = { hash: '' } as unknown as LedgerEntry;
const LATE_MS = 400;

/** Each third device gets the credential of the one before it; the ledger says that it has its own. */
export function oneCredentialTwice(ledger: Ledger): Ledger {
  const own = new Map<string, number>();
  let previous: number | undefined;
  let count = 0;
  return withMethods(ledger, {
    reserve: async (request) => {
      const made = await ledger.reserve(request);
      if (!made.isNew) return made;
      const index = ++count % 3 === 0 && previous !== undefined ? previous : made.index;
      previous = made.index;
      own.set(request.hardwareId, made.index);
      return { ...made, index };
    },
    record: (event) => {
      const index = event.hardwareId === undefined ? undefined : own.get(event.hardwareId);
      return ledger.record('index' in event && index !== undefined ? { ...event, index } : event);
    },
  });
}

/** The caller hears of `done` before it is on disk. */
export function toldBeforeRecorded(ledger: Ledger): Ledger {
  return withMethods(ledger, {
    record: (event) => {
      if (event.type !== 'done') return ledger.record(event);
      setTimeout(() => void ledger.record(event).catch(() => undefined), LATE_MS);
      return Promise.resolve(UNSEEN);
    },
  });
}

/** `verified` and `done` are on record before the device is looked at. */
export function passBeforeVerify(): Planted {
  const written = new Map<string, Extract<RecordedEvent, { type: 'written' }>>();
  const passed = new Set<string>();
  let below: Ledger;
  return {
    ledger: (ledger) => {
      below = ledger;
      return withMethods(ledger, {
        record: (event) => {
          const { type, hardwareId = '' } = event;
          if (type === 'written') written.set(event.slot ?? '', event);
          const isPassed = type === 'verified' || type === 'done';
          if (isPassed && passed.has(hardwareId)) return Promise.resolve(UNSEEN);
          passed.delete(hardwareId);
          return ledger.record(event);
        },
      });
    },
    driver: (driver, slot) =>
      withMethods(driver, {
        verify: async (context, values) => {
          const event = written.get(String(slot));
          written.delete(String(slot));
          if (!event) return await driver.verify(context, values);
          const { lotId, index, hardwareId } = event;
          const unit = { lotId, index, hardwareId };
          const evidence = { kind: 'digest', detail: 'it will hold it' } as const;
          await below.record({ type: 'verified', ...unit, evidence, idAfter: hardwareId });
          await below.record({ type: 'done', ...unit });
          passed.add(hardwareId);
          return await driver.verify(context, values);
        },
      }),
  };
}
