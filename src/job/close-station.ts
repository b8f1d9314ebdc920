import { GrantStore } from '../home/grant-store.ts';
import { ensureLedgerFolder } from '../home/ledger-paths.ts';
import type { Home } from '../home/home.ts';
import type { StoredLot } from '../home/lot-store.ts';
import { returnReference } from '../home/outstanding.ts';
import { utf8 } from '../kernel/bytes.ts';
import { isoSeconds, systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { listKeyCards } from '../keystore/key-card.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openLedger } from '../ledger/open-ledger.ts';
import type { Lot } from '../model/lot.ts';
import { mergeRanges } from '../model/merge-ranges.ts';
import { intersection } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import { subtractRanges } from '../model/subtract-ranges.ts';
import { signUnitReturn } from '../seals/unit-return.ts';
import type { UnitReturn } from '../seals/unit-return.ts';
import type { VerifiedGrant } from '../seals/grant.ts';
import { admitGrant } from './admit-units.ts';
import { holdingsOf, ledgerReference, requireNotGivenUp } from './book-holdings.ts';
import { openOne } from './open-granted-lot.ts';
import { bookOf, findLot } from './open-lot.ts';
import { openStation } from './open-station.ts';
import type { Station } from './open-station.ts';
import { protectedFiles } from './protected-files.ts';
import { requireOpenLot } from './require-open-lot.ts';
import { openWhole, writeWhole } from './write-whole.ts';
import type { WholeOutput } from './write-whole.ts';

/** What a station gave back. */
export interface ClosedStation {
  readonly lotId: string;
  readonly lot: string;
  readonly station: string;
  /** Ascending and apart. */
  readonly ranges: readonly Range[];
  readonly count: number;
  /** Units with devices that are neither done nor scrapped nor replaced. */
  readonly open: number;
  readonly output: string;
}

interface Part {
  /** Under which the station had them, as the owner's book names it. */
  readonly reference: string;
  readonly grant: VerifiedGrant | undefined;
  readonly ranges: readonly Range[];
}

/**
 * Gives back every unit of the lot that this station has and never used: surrendered in its ledger, so that it
 * can give them to no device any more, noted in its book, and stated to the owner over its signature. Grants
 * that have ended count too. A second time it states the same again. Throws `not-found` where there is neither
 * a grant nor the lot's key, `lot-closed`, and what the station, its ledger and the output throw.
 */
export async function closeStation(
  home: Home,
  request: {
    readonly lot: string;
    readonly reason: string;
    readonly witness?: string | undefined;
    readonly output: WholeOutput;
  },
  effects: {
    readonly credentials: Credentials;
    readonly toolVersion: string;
    readonly clock?: Clock;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ClosedStation> {
  const { credentials, toolVersion, clock = systemClock, signal } = effects;
  const { witness, reason } = request;
  const stored = await findLot(home, request.lot);
  requireOpenLot(stored);
  const { lot, descriptor } = stored;
  const inputs = protectedFiles(home, credentials);
  await using output = await openWhole(request.output, { secret: false, inputs, signal });
  using station = await openStation(home, credentials);
  const grants = await grantsOf(home, stored, station);
  const path = await ensureLedgerFolder(home);
  const options = { station, toolVersion, witness, clock, create: grants.length > 0 };
  await using ledger = await openLedger(path, options);
  const book = bookOf(home, lot, clock);
  const { name, stationKey } = station.card;
  const reference = ledgerReference(ledger);
  requireNotGivenUp(holdingsOf(await book.entries(), reference), ledger);
  // A grant that no run has taken up goes back whole.
  for (const grant of grants) await admitGrant(ledger, lot, { grant, book, station: name });
  await ledger.surrender(lot.lotId, { reason });
  const parts = partsOf(ledger, lot, grants);
  for (const part of parts) {
    const name = returnReference(part.reference);
    const noted = (await book.entries()).filter((entry) => entry.reference === name);
    for (const range of part.ranges.flatMap((one) => subtractRanges(one, noted))) {
      const entry = { range, purpose: 'station', who: station.card.name } as const;
      await book.allocate({ ...entry, reference: name, why: reason, again: 'given back unused' });
    }
  }
  const statement: UnitReturn = {
    ...{ lotId: lot.lotId, stationKey, station: name },
    returns: parts.map(({ grant, ranges }) => ({
      ...(grant && { grant: grant.jws }),
      ranges: [...ranges],
    })),
    ledger: await ledger.signedHead(),
    createdAt: isoSeconds(clock.now()),
  };
  const jws = await signUnitReturn(statement, { key: station.signingKey, lot: descriptor });
  await writeWhole(output, utf8(`${jws}\n`));
  const ranges = mergeRanges(parts.flatMap((part) => part.ranges));
  return {
    ...{ lotId: lot.lotId, lot: lot.code, station: name, ranges },
    count: ranges.reduce((sum, { count }) => sum + count, 0),
    open: openUnits(ledger, lot),
    output: request.output.path,
  };
}

/** This station's grants of the lot, those that have ended too; none where this home has the lot's key. */
async function grantsOf(
  home: Home,
  { lot }: StoredLot,
  station: Station,
): Promise<readonly VerifiedGrant[]> {
  const cards = await listKeyCards(home);
  if (cards.some((card) => card.provisioningKey === lot.provisioningKey)) return [];
  const store = new GrantStore(home);
  const grants: VerifiedGrant[] = [];
  for (const { grantId } of await store.of(lot.lotId)) {
    const { grant, secrets } = await openOne(await store.read(grantId), station, new Date(0));
    secrets[Symbol.dispose]();
    grants.push(grant);
  }
  if (grants.length > 0) return grants;
  throw new KeylineError('not-found', {
    message: `this station has no grant of lot ${lot.code}, and nothing to give back`,
    hint: '`keyline lot show LOT` shows what this home has of a lot.',
    facts: { lotId: lot.lotId },
  });
}

/** What is surrendered, each unit under the first grant that has it. */
function partsOf(ledger: Ledger, lot: Lot, grants: readonly VerifiedGrant[]): Part[] {
  let left = [...ledger.surrendered(lot.lotId)];
  if (grants.length === 0) {
    const part = { reference: ledgerReference(ledger), grant: undefined, ranges: left };
    return left.length > 0 ? [part] : [];
  }
  return grants.flatMap((grant) => {
    const { grantId, ranges: granted } = grant.statement;
    const ranges = left.flatMap((one) => granted.flatMap((by) => intersection(one, by) ?? []));
    left = left.flatMap((one) => subtractRanges(one, ranges));
    return ranges.length > 0 ? [{ reference: grantId, grant, ranges }] : [];
  });
}

function openUnits(ledger: Ledger, lot: Lot): number {
  const { planned, spare } = ledger.counts(lot.lotId);
  return [planned, spare]
    .map(({ states }) => states)
    .reduce((sum, { reserved, writing, written, verified, failed }) => {
      return sum + reserved + writing + written + verified + failed;
    }, 0);
}
