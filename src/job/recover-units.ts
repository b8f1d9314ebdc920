import { requireInside } from '../derive/deriver.ts';
import { GrantStore } from '../home/grant-store.ts';
import type { GrantNote } from '../home/grant-store.ts';
import { ensureLedgerFolder, ledgerPath } from '../home/ledger-paths.ts';
import type { Home } from '../home/home.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { listKeyCards } from '../keystore/key-card.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import { openLedger, openLedgerReader } from '../ledger/open-ledger.ts';
import { eventText } from '../model/ledger-event.ts';
import { lotEnd } from '../model/lot.ts';
import type { Lot } from '../model/lot.ts';
import { formatRange, intersection } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import { subtractRanges } from '../model/subtract-ranges.ts';
import { holdingsOf, ledgerReference, requireNotGivenUp } from './book-holdings.ts';
import type { Holdings } from './book-holdings.ts';
import { bookOf, findLot, openLot } from './open-lot.ts';
import { openStation } from './open-station.ts';
import { requireOpenLot } from './require-open-lot.ts';

/** Units of a lost ledger that a person says were never written. */
export interface Recovery {
  readonly lot: Lot;
  readonly range: Range;
  /** The grants that they are of; none for the owner. */
  readonly grantIds: readonly string[];
}

/**
 * What `reference` means, a grant id or a lot, once all of the range was given to a ledger that was
 * lost, and since then to nobody. Throws `not-found`, `lot-closed`, `range-outside-lot`,
 * `outside-grant`, `not-burnt`, and what opening this home's ledger to read throws.
 */
export async function planRecovery(home: Home, reference: string, range: Range): Promise<Recovery> {
  const { stored, notes } = await find(home, reference);
  requireOpenLot(stored);
  const { lot } = stored;
  requireInside(lot, range);
  const granted = notes.length === 0 ? [{ from: 0, count: lotEnd(lot) }] : notes.flatMap(rangesOf);
  const outside = subtractRanges(range, granted);
  if (outside.length > 0) throw notGranted(lot, outside);
  const grantIds = notes.map(({ grantId }) => grantId);
  using reader = await readerOf(home);
  const holdings = holdingsOf(
    await bookOf(home, lot).entries(),
    reader && ledgerReference(reader),
    grantIds,
  );
  if (reader) requireNotGivenUp(holdings, reader);
  requireBurnt(lot, range, holdings);
  return { lot, range, grantIds };
}

/**
 * Frees the units in this home's ledger, which is begun where there is none: in the allocation book
 * first, then `admitted` with the reason and who gave it. Throws as `planRecovery` does, and what the
 * lot, the station and its ledger throw.
 */
export async function recoverUnits(
  home: Home,
  recovery: Recovery,
  by: { readonly reason: string; readonly operator: string; readonly witness?: string | undefined },
  effects: {
    readonly credentials: Credentials;
    readonly toolVersion: string;
    readonly clock?: Clock;
  },
): Promise<readonly Range[]> {
  const { lot, range, grantIds } = recovery;
  const { credentials, toolVersion, clock } = effects;
  const { operator, witness } = by;
  await using open = await openLot(home, lot.lotId, credentials, clock ? { clock } : {});
  using station = await openStation(home, credentials);
  const path = await ensureLedgerFolder(home);
  const options = { station, toolVersion, witness, ...(clock && { clock }) };
  await using ledger = await openLedger(path, options);
  const book = bookOf(home, lot, clock);
  const reference = ledgerReference(ledger);
  const holdings = holdingsOf(await book.entries(), reference, grantIds);
  requireNotGivenUp(holdings, ledger);
  requireBurnt(lot, range, holdings);
  const again = eventText(`never written, says ${operator}: ${by.reason}`);
  const { lotId, size, spare } = lot;
  const freed: Range[] = [];
  for (const part of partsOf(open.grants, { range, grantIds, reference })) {
    const entry = { range: part.range, purpose: 'station', who: station.card.name } as const;
    await book.allocate({ ...entry, reference, again });
    const admission = { lotId, size, spare, ranges: [part.range], reference: part.reference };
    freed.push(...(await ledger.admit({ ...admission, reason: by.reason, operator })));
  }
  return freed;
}

type Grants = Awaited<ReturnType<typeof openLot>>['grants'];

/** The range grant by grant; a grant that has ended since has no part of it. Throws `outside-grant`. */
function partsOf(
  grants: Grants,
  by: {
    readonly range: Range;
    readonly grantIds: readonly string[];
    readonly reference: string;
  },
): { readonly range: Range; readonly reference: string }[] {
  const { range, grantIds, reference } = by;
  if (grantIds.length === 0) return [{ range, reference }];
  let left = [range];
  const parts: { range: Range; reference: string }[] = [];
  for (const { statement } of grants) {
    if (!grantIds.includes(statement.grantId)) continue;
    const met = left.flatMap((one) =>
      statement.ranges.flatMap((granted) => intersection(one, granted) ?? []),
    );
    parts.push(...met.map((one) => ({ range: one, reference: statement.grantId })));
    left = left.flatMap((one) => subtractRanges(one, met));
  }
  const [lot] = grants.map((grant) => grant.lot);
  if (left.length > 0 && lot) throw notGranted(lot, left);
  return parts;
}

async function find(
  home: Home,
  reference: string,
): Promise<{ stored: Awaited<ReturnType<typeof findLot>>; notes: readonly GrantNote[] }> {
  const store = new GrantStore(home);
  if (/^kg_/i.test(reference)) {
    const note = (await store.list()).find(({ grantId }) => grantId === reference.toLowerCase());
    if (note) return { stored: await findLot(home, note.lotId), notes: [note] };
    throw new KeylineError('not-found', {
      message: `this home has no grant ${reference}`,
      hint: 'Name the lot instead; `keyline lot list` shows the lots of this home.',
      facts: { grantId: reference },
    });
  }
  const stored = await findLot(home, reference);
  const cards = await listKeyCards(home);
  const isOwner = cards.some((card) => card.provisioningKey === stored.lot.provisioningKey);
  return { stored, notes: isOwner ? [] : await store.of(stored.lot.lotId) };
}

/** This home's ledger, or undefined where it is gone. */
async function readerOf(home: Home): Promise<(LedgerReader & Disposable) | undefined> {
  try {
    return await openLedgerReader(ledgerPath(home));
  } catch (error) {
    if (error instanceof KeylineError && error.code === 'not-found') return undefined;
    throw error;
  }
}

function rangesOf({ ranges }: GrantNote): readonly Range[] {
  return ranges;
}

function notGranted(lot: Lot, outside: readonly Range[]): KeylineError {
  const units = outside.map(formatRange);
  return new KeylineError('outside-grant', {
    message: `units ${units.join(', ')} of lot ${lot.code} are not in the grant`,
    facts: { lotId: lot.lotId, units },
  });
}

function requireBurnt(lot: Lot, range: Range, { burnt, own }: Holdings): void {
  const rest = subtractRanges(range, burnt);
  const [first] = rest;
  if (!first) return;
  const isOwn = own.some((one) => intersection(one, first) !== undefined);
  const units = rest.map(formatRange);
  throw new KeylineError('not-burnt', {
    message: `units ${units.join(', ')} of lot ${lot.code} ${isOwn ? 'are this ledger’s already' : 'were not given to a ledger that was lost'}`,
    facts: { lotId: lot.lotId, units, burnt: burnt.map(formatRange) },
  });
}
