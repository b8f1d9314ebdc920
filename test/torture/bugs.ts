import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Driver, Evidence } from '../../src/device/driver.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openDatabase } from '../../src/kernel/sqlite.ts';
import type { SqlDatabase } from '../../src/kernel/sqlite.ts';
import { oneCredentialTwice, passBeforeVerify, toldBeforeRecorded } from './ledger-bugs.ts';
import { writeBeforeReserve } from './late-ledger.ts';
import type { Law } from './checker.ts';
import type { StationOrder } from './station-order.ts';
import { readHeadStatement } from './read-ledger.ts';
import { withMethods } from './with-methods.ts';

/** A station with a defect in it: what stands between the ports and the ledger, changed. */
export interface Planted {
  /** Before anything is opened: what the tool would do at its start. */
  begin?(order: StationOrder): Promise<StationOrder> | StationOrder;
  ledger?(ledger: Ledger): Ledger;
  /** Of slot 1, 2, 3 … */
  driver?(driver: Driver, slot: number): Driver;
  /** Ctrl-C is not waited for. */
  readonly leavesAtOnce?: boolean;
}

const FAKE: Evidence = { kind: 'readback', detail: 'looks good' };

/** Every defect that is planted, and the laws of which one must find it. */
export const BUGS = {
  // What was written before it was reserved is out of order once the station dies between the two.
  'write-before-reserve': ['no-unrecorded-credential', 'one-device-a-credential', 'no-index-lost'],
  'one-credential-twice': ['no-unrecorded-credential', 'one-device-a-credential'],
  'freed-after-crash': ['one-device-a-credential', 'no-index-lost'],
  'second-unit-after-crash': ['own-credential-again'],
  'verify-skipped': ['no-false-pass', 'verified-means-read'],
  'pass-before-verify': ['no-false-pass', 'verified-means-read'],
  'identify-once': ['no-unrecorded-credential', 'no-false-pass'],
  'inspect-skipped': ['inspected-before-written', 'foreign-stays'],
  'told-before-recorded': ['told-means-recorded'],
  'index-dropped': ['no-index-lost'],
  'history-changed': ['ledger-whole'],
  'witness-forgotten': ['witness-true'],
  'interrupt-leaves': ['ends-clean'],
  'copy-accepted': ['copies-refused'],
} as const satisfies Record<string, readonly Law[]>;
export type Bug = keyof typeof BUGS;

/** The defect of this name, fresh. */
export function plant(bug: Bug): Planted {
  switch (bug) {
    case 'write-before-reserve':
      return { ledger: writeBeforeReserve };
    case 'one-credential-twice':
      return { ledger: oneCredentialTwice };
    case 'freed-after-crash':
      return { begin: onTables(freeWhatWasWriting) };
    case 'second-unit-after-crash':
      return secondUnitAfterCrash();
    case 'verify-skipped':
      return {
        driver: (driver) => withMethods(driver, { verify: () => Promise.resolve(FAKE) }),
      };
    case 'pass-before-verify':
      return passBeforeVerify();
    case 'identify-once':
      return { driver: identifyOnce };
    case 'inspect-skipped':
      return {
        driver: (driver) =>
          withMethods(driver, { inspect: () => Promise.resolve({ kind: 'none' }) }),
      };
    case 'told-before-recorded':
      return { ledger: toldBeforeRecorded };
    case 'index-dropped':
      return { begin: onTables(dropFreeIndex) };
    case 'history-changed':
      return { begin: onTables(renameStation) };
    case 'witness-forgotten':
      return { begin: (order) => ({ ...order, witness: undefined }) };
    case 'interrupt-leaves':
      return { leavesAtOnce: true };
    case 'copy-accepted':
      return { begin: forgetHeads };
  }
}

/** The id that was asked for first is taken for the rest of the unit; each unit has a log of its own. */
function identifyOnce(driver: Driver): Driver {
  const ids = new WeakMap<object, string>();
  return withMethods(driver, {
    identify: async (context) => {
      const id = ids.get(context.log) ?? (await driver.identify(context));
      ids.set(context.log, id);
      return id;
    },
  });
}

/** A device that was being written when the station died is forgotten, and gets another unit. */
function secondUnitAfterCrash(): Planted {
  let forgotten: readonly string[] = [];
  return {
    begin: onTables((database) => {
      const rows = database.prepare(`SELECT hardwareId FROM units WHERE ${IN_HAND}`).all();
      forgotten = (rows as { hardwareId: string }[]).map(({ hardwareId }) => hardwareId);
      database.exec(`UPDATE units SET live = 0 WHERE ${IN_HAND}`);
    }),
    ledger: (ledger) =>
      withMethods(ledger, {
        byHardwareId: (id) => ledger.byHardwareId(id).filter((unit) => !isForgotten(unit)),
      }),
  };
  function isForgotten({ hardwareId, state }: { hardwareId: string; state: string }): boolean {
    return forgotten.includes(hardwareId) && (state === 'writing' || state === 'written');
  }
}

const IN_HAND = `state IN ('writing', 'written')`;

function freeWhatWasWriting(database: SqlDatabase): void {
  const rows = database.prepare(`SELECT lot, idx FROM units WHERE state = 'writing'`).all();
  for (const { lot, idx } of rows as { lot: number; idx: number }[]) {
    database.prepare('DELETE FROM units WHERE lot = ? AND idx = ?').run(lot, idx);
    database.prepare(`INSERT INTO spans VALUES (?, 'free', ?, ?)`).run(lot, idx, idx + 1);
    const sql = `UPDATE tallies SET units = units - 1 WHERE lot = ? AND state = 'writing'`;
    database.prepare(sql).run(lot);
  }
}

function dropFreeIndex(database: SqlDatabase): void {
  database.exec(`UPDATE spans SET start = start + 1 WHERE kind = 'free' AND stop - start > 1`);
}

/** In the middle of the chain, where a station does not look when it begins. */
function renameStation(database: SqlDatabase): void {
  database.exec(
    `UPDATE events SET body = replace(body, 'line-1', 'line-2')
     WHERE seq = (SELECT max(seq) / 2 FROM events) AND seq > 4`,
  );
}

/** Changes the ledger’s tables behind its back, where there are any. */
function onTables(work: (database: SqlDatabase) => void): NonNullable<Planted['begin']> {
  return async (order) => {
    const path = join(order.home, 'ledger', 'ledger.sqlite');
    if (!existsSync(path)) return order;
    const database = await openDatabase(path);
    const tables = database.prepare('SELECT name FROM sqlite_schema').all();
    if (tables.length > 0) work(database);
    database.close();
    return order;
  };
}

/** A head that would refuse the ledger is passed over, and so is the machine. */
async function forgetHeads(order: StationOrder): Promise<StationOrder> {
  const path = join(order.home, 'ledger', 'ledger.sqlite');
  const acknowledged = `${path}.acknowledged`;
  let { witness } = order;
  let seq = 0;
  await onTables((database) => {
    ({ seq } = database.prepare('SELECT max(seq) AS seq FROM events').get() as { seq: number });
  })(order);
  const isAhead = (file: string): boolean => (readHeadStatement(file)?.seq ?? 0) > seq;
  if (isAhead(acknowledged)) rmSync(acknowledged);
  if (witness !== undefined && isAhead(witness)) witness = undefined;
  return { ...order, witness, machineId: undefined };
}
