import { GrantStore } from '../home/grant-store.ts';
import type { Home } from '../home/home.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { listKeyCards } from '../keystore/key-card.ts';
import type { Ledger, LedgerReader } from '../ledger/ledger.ts';
import type { Lot } from '../model/lot.ts';
import { intersection } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import { subtractRanges } from '../model/subtract-ranges.ts';
import { admitUnits } from './admit-units.ts';
import { holdingsOf, ledgerReference, requireNotGivenUp } from './book-holdings.ts';
import { bookOf, openLot } from './open-lot.ts';

/**
 * The spare units that this station could give beside those that its ledger has, from what stands in
 * the open: all that have not left the lot, or those of its grants. Throws `lot-used-up` where they and the ledger's
 * do not make `wanted`, `ledger-rolled-back` for a ledger that was given up.
 */
export async function sparesLeft(
  home: Home,
  need: { readonly lot: Lot; readonly reader: LedgerReader; readonly wanted: number },
): Promise<{ readonly ranges: readonly Range[]; readonly byGrant: boolean }> {
  const { lot, reader, wanted } = need;
  const spare = { from: lot.size, count: lot.spare };
  const cards = await listKeyCards(home);
  const byGrant = !cards.some((card) => card.provisioningKey === lot.provisioningKey);
  const notes = await new GrantStore(home).of(lot.lotId);
  const entries = await bookOf(home, lot).entries();
  const grantIds = byGrant ? notes.map(({ grantId }) => grantId) : [];
  const holdings = holdingsOf(entries, ledgerReference(reader), grantIds);
  requireNotGivenUp(holdings, reader);
  const all = byGrant ? notes.flatMap((note) => note.ranges) : [spare];
  const ranges = all
    .flatMap((range) => intersection(range, spare) ?? [])
    .flatMap((range) => subtractRanges(range, [...holdings.own, ...holdings.others]));
  const { free } = reader.counts(lot.lotId).spare;
  const available = ranges.reduce((sum, { count }) => sum + count, free);
  if (available >= wanted) return { ranges, byGrant };
  throw new KeylineError('lot-used-up', {
    message: `${wanted} spare units of lot ${lot.code} are wanted, and this station has ${available}`,
    hint: 'Nothing was recorded. Ask the owner of the lot for a grant of spare units, or scrap some of these.',
    facts: { lotId: lot.lotId, wanted, available },
  });
}

/**
 * Makes as many spare units known to the ledger as the plan needs beyond those it has, entered in the
 * allocation book first. Throws what `sparesLeft` and `openLot` throw.
 */
export async function admitSpares(
  home: Home,
  ledger: Ledger,
  by: {
    readonly plan: { readonly lot: Lot; readonly units: readonly object[] };
    readonly station: string;
    readonly credentials: Credentials;
    readonly clock?: Clock | undefined;
  },
): Promise<void> {
  const { plan, station, credentials, clock } = by;
  const { lot, units } = plan;
  const { lotId, size, spare } = lot;
  const left = await sparesLeft(home, { lot, reader: ledger, wanted: units.length });
  let missing = units.length - ledger.counts(lotId).spare.free;
  if (missing <= 0) return;
  await using open = await openLot(home, lotId, credentials, clock ? { clock } : {});
  const book = bookOf(home, lot, clock);
  if (left.byGrant) {
    await admitUnits(ledger, open, { station, book });
    return;
  }
  const reference = ledgerReference(ledger);
  for (const range of left.ranges) {
    const one = { from: range.from, count: Math.min(range.count, missing) };
    if (one.count <= 0) return;
    await book.allocate({ range: one, purpose: 'station', who: station, reference });
    await ledger.admit({ lotId, size, spare, ranges: [one], reference });
    missing -= one.count;
  }
}
