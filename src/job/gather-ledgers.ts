import { stat } from 'node:fs/promises';
import { ledgerPath } from '../home/ledger-paths.ts';
import type { Home } from '../home/home.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { textLines } from '../kernel/text-lines.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import { openProvedExport, openProvedLedger } from '../ledger/open-ledger.ts';
import type { ProvedLedger } from '../ledger/open-ledger.ts';
import { isLedgerFile, unreadableLedger } from './ledger-kind.ts';

/** One ledger of several that are read together: proved, and with no other of the same life beside it. */
export interface GatheredLedger {
  readonly file: string;
  readonly kind: 'ledger' | 'export';
  /** Whether it is this home's. */
  readonly isOwn: boolean;
  readonly reader: LedgerReader;
  /** Events up to this one are covered by a signature of the station. */
  readonly signedSeq: number;
}

/** Ledgers that are read together, held until they are disposed. */
export interface GatheredLedgers extends Disposable {
  /** This home's first, then in the order in which they were named. */
  readonly ledgers: readonly GatheredLedger[];
  /** What a person should know: unsigned events, a ledger left out because another one has all it has. */
  readonly warnings: readonly string[];
}

/**
 * Opens this home's ledger, where there is one, and the named ones, each a ledger or an export of one,
 * and proves each. Of two states of one ledger the longer one is taken. Throws `not-found` for a file
 * that is not there and where there is no ledger at all, `ledger-damaged` for one that does not hold,
 * `ledger-conflict` for two that part from each other, `ledger-busy`, `ledger-newer`. Memory is flat.
 */
export async function gatherLedgers(
  home: Home,
  files: readonly string[],
  effects: { readonly signal?: AbortSignal | undefined } = {},
): Promise<GatheredLedgers> {
  const warnings: string[] = [];
  const opened: Opened[] = [];
  const close = (): void => {
    for (const { proof } of opened.splice(0)) proof.reader[Symbol.dispose]();
  };
  try {
    for (const place of await places(home, files, warnings)) {
      opened.push(await open(place, effects.signal));
    }
    const ledgers = oneOfEach(opened, warnings).map(gathered);
    warnings.push(...earlierLives(ledgers));
    for (const { file, reader, signedSeq } of ledgers) {
      if (signedSeq === reader.head().seq) continue;
      const which = signedSeq === 0 ? 'no event' : `only the first ${signedSeq} events`;
      warnings.push(`${which} of ${file} are signed: its last run did not end in order`);
    }
    return { ledgers, warnings, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

interface Place {
  readonly file: string;
  readonly isOwn: boolean;
}

interface Opened extends Place {
  readonly kind: 'ledger' | 'export';
  readonly proof: ProvedLedger;
}

/** Every file once, whatever its names are: opening a ledger that is open here would give its locks up (fcntl(2)). */
async function places(home: Home, files: readonly string[], warnings: string[]): Promise<Place[]> {
  const found = new Map<string, Place>();
  const own = await identityOf(ledgerPath(home));
  if (own !== undefined) found.set(own, { file: ledgerPath(home), isOwn: true });
  for (const file of files) {
    const identity = await identityOf(file);
    if (identity === undefined) throw unreadableLedger(file, 'ENOENT');
    const before = found.get(identity);
    if (before) warnings.push(`${file} is the same file as ${before.file}: it counts once`);
    else found.set(identity, { file, isOwn: false });
  }
  if (found.size > 0) return [...found.values()];
  throw new KeylineError('not-found', {
    message: `there is no ledger at ${ledgerPath(home)}, and none was named`,
    hint: 'A station’s first run makes its ledger; name one, or an export, with --ledger FILE.',
    facts: { path: ledgerPath(home) },
  });
}

async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

async function open(place: Place, signal: AbortSignal | undefined): Promise<Opened> {
  const { file } = place;
  if (await isLedgerFile(file)) {
    return { ...place, kind: 'ledger', proof: await openProvedLedger(file, { signal }) };
  }
  const proof = await openProvedExport(file, textLines(file), { signal });
  return { ...place, kind: 'export', proof };
}

/** Leaves out a state of a ledger that another one goes on from. */
function oneOfEach(opened: readonly Opened[], warnings: string[]): Opened[] {
  const kept: Opened[] = [];
  for (const one of opened) {
    const at = kept.findIndex((other) => isSameLife(one, other));
    const other = kept[at];
    if (!other) {
      kept.push(one);
      continue;
    }
    const [longer, shorter] = length(one) > length(other) ? [one, other] : [other, one];
    if (!longer.proof.reader.has(shorter.proof.reader.head())) throw forked(one, other);
    warnings.push(`${shorter.file} is left out: ${longer.file} has all of its events`);
    kept[at] = longer;
  }
  return kept;
}

/** A station that lost its ledger began another one, and both may be right. */
function earlierLives(ledgers: readonly GatheredLedger[]): string[] {
  return ledgers.flatMap(({ file, reader }, at) => {
    const { stationKey } = reader.identity;
    const other = ledgers
      .slice(0, at)
      .find((before) => before.reader.identity.stationKey === stationKey);
    if (!other) return [];
    return `${file} and ${other.file} are two ledgers of one station, one begun after the other`;
  });
}

function isSameLife(a: Opened, b: Opened): boolean {
  const [one, other] = [a.proof.reader.identity, b.proof.reader.identity];
  return one.stationKey === other.stationKey && one.epoch === other.epoch;
}

function length({ proof }: Opened): number {
  return proof.reader.head().seq;
}

function gathered({ file, kind, isOwn, proof }: Opened): GatheredLedger {
  return { file, kind, isOwn, reader: proof.reader, signedSeq: proof.verified.signedSeq };
}

function forked(one: Opened, other: Opened): KeylineError {
  const { station } = one.proof.reader.identity;
  return new KeylineError('ledger-conflict', {
    message: `${one.file} and ${other.file} are one ledger of station ${JSON.stringify(station)} that went on in two ways`,
    hint: 'A copy of the ledger was used beside it: units may be on two devices. Keep both files, and ask who ran the copy.',
    facts: { reason: 'fork', files: [one.file, other.file], station },
  });
}
