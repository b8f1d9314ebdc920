import { X509Certificate } from 'node:crypto';
import { AllocationBook } from '../home/allocation-book.ts';
import type { Allocation } from '../home/allocation-book.ts';
import { GrantStore } from '../home/grant-store.ts';
import type { Home } from '../home/home.ts';
import { LotDrafts } from '../home/lot-drafts.ts';
import { LotStore } from '../home/lot-store.ts';
import type { DamagedLot, StoredLot } from '../home/lot-store.ts';
import { outstanding } from '../home/outstanding.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { listKeyCards } from '../keystore/key-card.ts';
import { mergeRanges } from '../model/merge-ranges.ts';
import { lotEnd } from '../model/lot.ts';
import type { Lot } from '../model/lot.ts';
import { intersection } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import { unitSerial } from '../model/serial-template.ts';

export type { Allocation };

/** A lot as this home knows it; all of it public. */
export interface LotReport {
  readonly lot: Lot;
  readonly firstSerial: string;
  /** Of the last planned unit. */
  readonly lastSerial: string;
  readonly status: 'open' | 'closed' | 'waits for a certificate';
  readonly closedAt?: string;
  /** How this home can derive it. */
  readonly access: 'owner' | 'grant' | 'grant ended' | 'none';
  /** The units of this station's grants that have not ended. */
  readonly granted?: readonly Range[];
  /** Units that have left the lot. */
  readonly allocated: number;
  /** Subjects of the certificate chain, the issuing CA first. */
  readonly chain?: readonly string[];
}

/** One lot. Throws `not-found`, `ambiguous`, `descriptor-invalid`, `book-damaged`. */
export async function showLot(
  home: Home,
  reference: string,
  clock: Clock = systemClock,
): Promise<LotReport> {
  return reportOf(home, await new LotStore(home).find(reference), clock.now());
}

/** Every lot of the home, those that wait for a certificate last, and folders that cannot be read. */
export async function listLots(
  home: Home,
  clock: Clock = systemClock,
): Promise<{ lots: LotReport[]; damaged: readonly DamagedLot[] }> {
  const { lots, damaged } = await new LotStore(home).list();
  const now = clock.now();
  const reports: LotReport[] = [];
  for (const stored of lots) reports.push(await reportOf(home, stored, now));
  const drafts = await new LotDrafts(home).list();
  const known = new Set<string>(lots.map(({ lot }) => lot.lotId));
  for (const lot of drafts.filter(({ lotId }) => !known.has(lotId))) {
    reports.push(reportDraft(lot));
  }
  return { lots: reports, damaged };
}

/** A lot that waits for the certificate of its issuing CA. */
export function reportDraft(lot: Lot): LotReport {
  return { ...factsOf(lot), status: 'waits for a certificate', access: 'owner', allocated: 0 };
}

/** A lot's allocation book, and whether a crash cut its last line short. */
export async function readAllocations(
  home: Home,
  reference: string,
): Promise<{ lot: Lot; entries: Allocation[]; torn: boolean }> {
  const { lot } = await new LotStore(home).find(reference);
  const book = AllocationBook.open(home, lot.lotId);
  return { lot, entries: await book.entries(), torn: await book.hasTornLine() };
}

async function reportOf(home: Home, stored: StoredLot, now: Date): Promise<LotReport> {
  const { lot, closedAt } = stored;
  const whole = { from: 0, count: lotEnd(lot) };
  const cards = await listKeyCards(home);
  const isOwner = cards.some((card) => card.provisioningKey === lot.provisioningKey);
  const notes = await new GrantStore(home).of(lot.lotId);
  const valid = notes.filter((note) => Date.parse(note.notAfter) >= now.getTime());
  const granted = mergeRanges(valid.flatMap((note) => note.ranges))
    .map((range) => intersection(range, whole))
    .filter((range) => range !== undefined);
  const entries = await AllocationBook.open(home, lot.lotId).entries();
  const taken = mergeRanges(outstanding(entries).map(({ from, count }) => ({ from, count })));
  const allocated = taken.reduce((sum, range) => sum + (intersection(range, whole)?.count ?? 0), 0);
  const byGrant = granted.length > 0 ? 'grant' : notes.length > 0 ? 'grant ended' : 'none';
  const access = isOwner ? 'owner' : byGrant;
  return {
    ...factsOf(lot),
    status: closedAt === undefined ? 'open' : 'closed',
    ...(closedAt !== undefined && { closedAt }),
    access,
    ...(granted.length > 0 && { granted }),
    allocated,
    ...(lot.x509 && { chain: lot.x509.chain.map(subjectOf) }),
  };
}

function factsOf(lot: Lot): Pick<LotReport, 'lot' | 'firstSerial' | 'lastSerial'> {
  const [firstSerial, lastSerial] = [unitSerial(lot, 0), unitSerial(lot, lot.size - 1)];
  return { lot, firstSerial, lastSerial };
}

function subjectOf(base64: string): string {
  return new X509Certificate(Buffer.from(base64, 'base64')).subject.replace(/\n/g, ', ');
}
