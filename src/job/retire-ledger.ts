import { rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ensureLedgerFolder } from '../home/ledger-paths.ts';
import type { Home } from '../home/home.ts';
import { namesIn } from '../home/names-in.ts';
import { outputError } from '../kernel/atomic-file.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { openLedger, openLedgerReader } from '../ledger/open-ledger.ts';
import { eventText } from '../model/ledger-event.ts';
import { openStation } from './open-station.ts';

/** What is set aside, and what is known of it. */
export interface Retirement {
  /** Where it goes, within the ledger's folder. */
  readonly folder: string;
  /** Absolute paths, the ledger's own file first. */
  readonly files: readonly string[];
  /** Of the ledger, where it is there and can be read. */
  readonly epoch?: string;
  readonly seq?: number;
}

/** Codes that say that a ledger cannot be read, and not that somebody has it open. */
const UNREADABLE = ['ledger-damaged', 'ledger-newer', 'not-found'];

/**
 * What there is to set aside of this home's ledger: its file, what SQLite and a registry's head leave beside it,
 * and the witness. Throws `not-found` where there is nothing, `ledger-busy`.
 */
export async function planRetirement(
  home: Home,
  request: { readonly witness?: string | undefined },
  effects: { readonly clock?: Clock } = {},
): Promise<Retirement> {
  const path = await ensureLedgerFolder(home);
  const folder = dirname(path);
  const known = await headOf(path);
  const names = (await namesIn(folder)).filter((name) => name.startsWith(basename(path))).sort();
  const { witness } = request;
  const hasWitness =
    witness !== undefined && (await namesIn(dirname(witness))).includes(basename(witness));
  const files = [...names.map((name) => join(folder, name)), ...(hasWitness ? [witness] : [])];
  const at = (effects.clock ?? systemClock).now().toISOString().replaceAll(/[:.]/g, '-');
  if (files.length > 0) return { folder: `retired-${at}`, files, ...known };
  throw new KeylineError('not-found', {
    message: `there is no ledger at ${path}, and nothing is left of one`,
    hint: 'The next run begins a ledger by itself.',
    facts: { path },
  });
}

/**
 * Moves a ledger that is damaged, rolled back or given up out of the way, with all that remembers it, and begins
 * the next one, whose first event says what was moved, why and by whom. Nothing is deleted. The units of the old
 * ledger stay burnt until `recoverUnits` frees them. After a crash it is asked for again. Throws as
 * `planRetirement` does, and what the station and the new ledger throw.
 */
export async function retireLedger(
  home: Home,
  request: {
    readonly reason: string;
    readonly operator: string;
    readonly witness?: string | undefined;
  },
  effects: {
    readonly credentials: Credentials;
    readonly toolVersion: string;
    readonly clock?: Clock;
  },
): Promise<Retirement> {
  const { reason, operator, witness } = request;
  const { credentials, toolVersion, clock } = effects;
  using station = await openStation(home, credentials);
  const path = await ensureLedgerFolder(home);
  await using _lock = await home.lock();
  const retirement = await planRetirement(home, request, effects);
  const { folder, files, ...known } = retirement;
  const target = await home.folder(join(dirname(path), folder));
  for (const file of files) {
    const name = file === witness ? `witness-${basename(file)}` : basename(file);
    await rename(file, join(target, name)).catch((error: unknown) => {
      throw outputError(file, error);
    });
  }
  const retired = { folder, reason: eventText(reason), operator, ...known };
  const options = { station, toolVersion, witness, retired, ...(clock && { clock }) };
  const ledger = await openLedger(path, options);
  await ledger[Symbol.asyncDispose]();
  return retirement;
}

async function headOf(path: string): Promise<Pick<Retirement, 'epoch' | 'seq'>> {
  try {
    using reader = await openLedgerReader(path);
    return { epoch: reader.identity.epoch, seq: reader.head().seq };
  } catch (error) {
    if (error instanceof KeylineError && UNREADABLE.includes(error.code)) return {};
    throw error;
  }
}
