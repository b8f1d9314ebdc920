import { systemClock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import { inTransaction } from '../kernel/sqlite.ts';
import { GENESIS } from './chain.ts';
import { readHeadFile } from './head-file.ts';
import { damaged, LedgerFile } from './ledger-file.ts';
import { loadExport } from './export-lines.ts';
import { LedgerQueries } from './ledger-queries.ts';
import type { Ledger, LedgerOptions, LedgerReader } from './ledger.ts';
import { machineId } from './machine-id.ts';
import { SCHEMA } from './schema.ts';
import { requireReached } from './require-reached.ts';
import { requireSound } from './require-sound.ts';
import { StationLedger } from './station-ledger.ts';
import type { LedgerParts } from './station-ledger.ts';
import { verifyOpenLedger } from './verify-ledger.ts';
import type { VerifiedLedger, VerifyOptions } from './verify-ledger.ts';
import { createdEvent, writeEvent } from './write-event.ts';

/**
 * Opens a station's ledger, or begins it, and holds it until disposed. Units that a dead run had
 * reserved and not begun to write are free again. Throws `ledger-busy` while another process has it,
 * `ledger-newer`, `ledger-damaged`, `ledger-foreign` on another machine or for another station,
 * `ledger-rolled-back` where the witness or the registry knows of more, `disk-full`.
 */
export async function openLedger(path: string, options: LedgerOptions): Promise<Ledger> {
  const { station, toolVersion, clock = systemClock, witness, create = true } = options;
  const acknowledged = options.acknowledged ?? `${path}.acknowledged`;
  const parts: LedgerParts = { station, toolVersion, clock, witness, acknowledged };
  const machine = options.machineId ?? (await machineId());
  const file = await LedgerFile.open(path, { create, maxPages: options.maxPages });
  try {
    const remembered = [
      {
        source: 'the witness',
        head: witness === undefined ? undefined : await readHeadFile(witness),
      },
      { source: 'the registry', head: await readHeadFile(acknowledged) },
    ];
    if (file.isNew && remembered.some(({ head }) => head !== undefined)) {
      throw new KeylineError('ledger-rolled-back', {
        message: `the ledger ${path} is gone: its file is new, and its last head is remembered elsewhere`,
        facts: { path },
      });
    }
    if (file.isNew)
      file.guard(() => {
        begin(file, { ...parts, retired: options.retired }, machine);
      });
    requireOwn(file, station.card.stationKey, machine);
    for (const { source, head } of remembered) if (head) requireReached(file, head, source);
    const ledger = new StationLedger(file, parts);
    await ledger.recover();
    return ledger;
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

/**
 * A ledger to be read, this machine's or another's, held like one that is written. Nothing in it is
 * proved: `verifyLedger` does that. Throws `not-found`, `ledger-busy`, `ledger-newer`, `ledger-damaged`.
 */
export async function openLedgerReader(path: string): Promise<LedgerReader & Disposable> {
  const file = await LedgerFile.open(path, { create: false });
  try {
    if (file.isNew) throw damaged(path, 'it is empty');
    return new ClosableQueries(file);
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

/** A ledger to be read, and what its proof has found: no issue, but perhaps events that are not signed. */
export interface ProvedLedger {
  readonly reader: LedgerReader & Disposable;
  readonly verified: VerifiedLedger;
}

/**
 * A ledger to be read that was proved as `verifyLedgerFile` does it, and is held from before that on.
 * Throws the same, and `ledger-damaged` where the proof finds an issue.
 */
export async function openProvedLedger(
  path: string,
  options: VerifyOptions = {},
): Promise<ProvedLedger> {
  const file = await LedgerFile.open(path, { create: false });
  return proved(path, file, () => verifyOpenLedger(file, options));
}

/** The same of an export's lines. */
export async function openProvedExport(
  path: string,
  lines: AsyncIterable<string>,
  options: VerifyOptions = {},
): Promise<ProvedLedger> {
  const { file, verified } = await loadExport(path, lines, options);
  return proved(path, file, () => Promise.resolve(verified));
}

async function proved(
  path: string,
  file: LedgerFile,
  verify: () => Promise<VerifiedLedger>,
): Promise<ProvedLedger> {
  try {
    if (file.isNew) throw damaged(path, 'it is empty');
    const verified = await verify();
    requireSound(path, verified);
    return { reader: new ClosableQueries(file), verified };
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

class ClosableQueries extends LedgerQueries implements Disposable {
  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }
}

function begin(file: LedgerFile, parts: Parameters<typeof createdEvent>[0], machine: string): void {
  inTransaction(file.database, () => {
    file.database.exec(SCHEMA);
    const insert = file.database.prepare('INSERT INTO events VALUES (1, ?, ?)');
    writeEvent(createdEvent(parts, machine), GENESIS, (body, hash) => {
      insert.run(hash, body);
    });
  });
}

function requireOwn(file: LedgerFile, stationKey: string, machine: string): void {
  const identity = file.identity();
  const other =
    identity.stationKey !== stationKey
      ? 'station'
      : identity.machineId !== machine
        ? 'machine'
        : undefined;
  if (other === undefined) return;
  throw new KeylineError('ledger-foreign', {
    message: `the ledger ${file.path} belongs to another ${other}, of station ${JSON.stringify(identity.station)}`,
    facts: { path: file.path, reason: other, station: identity.station },
  });
}
