import { existsSync } from 'node:fs';
import { AllocationBook } from '../home/allocation-book.ts';
import { ledgerPath } from '../home/ledger-paths.ts';
import type { Home } from '../home/home.ts';
import { LotStore } from '../home/lot-store.ts';
import type { StoredLot } from '../home/lot-store.ts';
import { writeFileAtomic } from '../kernel/atomic-file.ts';
import { utf8 } from '../kernel/bytes.ts';
import { isoSeconds, systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { listKeyCards } from '../keystore/key-card.ts';
import { openLedger } from '../ledger/open-ledger.ts';
import type { LotAccount } from '../model/lot-account.ts';
import type { Lot } from '../model/lot.ts';
import { intersection } from '../model/range.ts';
import { openLotClose, sealLotClose } from '../seals/lot-close.ts';
import type { ClosedPart, LotClose } from '../seals/lot-close.ts';
import { gatherLedgers } from './gather-ledgers.ts';
import type { GatheredLedger } from './gather-ledgers.ts';
import { findConflicts, refuseConflicts } from './ledger-conflicts.ts';
import { accountOf, unresolvedOf } from './lot-accounts.ts';
import type { CloseReasons, Unresolved } from './lot-accounts.ts';
import { findLot, openLot } from './open-lot.ts';
import { openStation } from './open-station.ts';
import { protectedFiles } from './protected-files.ts';
import { requireOpenLot } from './require-open-lot.ts';
import { openWhole, writeWhole } from './write-whole.ts';
import type { WholeOutput } from './write-whole.ts';

/** Which lot is closed, and what a person says of the units that nothing else accounts for. */
export interface CloseRequest {
  /** Code or id. */
  readonly lot: string;
  /** Other stations' ledgers, or exports of them. */
  readonly ledgers: readonly string[];
  readonly reasons: CloseReasons;
  readonly output?: WholeOutput | undefined;
}

/** How a lot stands before it is closed. */
export interface Closing {
  readonly stored: StoredLot;
  /** Whether its key is here: only its owner knows of all units, and seals what is said of them. */
  readonly isOwner: boolean;
  readonly account: LotAccount;
  readonly unresolved: readonly Unresolved[];
  readonly ledgers: LotClose['ledgers'];
  readonly warnings: readonly string[];
}

/** A lot that was closed. */
export interface ClosedLot {
  readonly lot: Lot;
  readonly closedAt: string;
  readonly account: LotAccount;
  /** The sealed statement; there where the lot's key is here. */
  readonly statement?: string;
}

const SPARE_REASON = 'spare units that no device needed';

/**
 * Accounts for every unit of the lot from this home's ledger, the named ones and its allocation book, and
 * says what keeps it from being closed. Needs no key. Throws `not-found`, `ambiguous`, `lot-closed`,
 * `ledger-conflict`, `book-damaged`, and what `gatherLedgers` throws.
 */
export async function planClosing(
  home: Home,
  request: CloseRequest,
  effects: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Closing> {
  const stored = await findLot(home, request.lot);
  requireOpenLot(stored);
  const { lot } = stored;
  const cards = await listKeyCards(home);
  const isOwner = cards.some((card) => card.provisioningKey === lot.provisioningKey);
  const entries = await AllocationBook.open(home, lot.lotId).entries();
  using gathered = await gather(home, request.ledgers, effects);
  const ledgers = gathered.ledgers.filter(({ reader }) =>
    reader.lots().some(({ lotId }) => lotId === lot.lotId),
  );
  refuseConflicts(await findConflicts(ledgers, lot.lotId, effects));
  const account = accountOf(lot, ledgers, entries);
  // What a station does not have is for the owner to account for.
  const metStation =
    isOwner &&
    (ledgers.length > 0 ||
      entries.some(({ purpose }) => purpose === 'grant' || purpose === 'station'));
  const by = { account, reasons: request.reasons, metStation };
  return {
    ...{ stored, isOwner, account, warnings: gathered.warnings },
    unresolved: await unresolvedOf(lot, ledgers, by),
    ledgers: ledgers.map(headOf),
  };
}

/**
 * Closes the lot: no secret leaves it any more, while public manifests and checks go on. Units that this
 * home's ledger never used are given back first; then the account is sealed where the lot's key is here, into the
 * lot's folder and to the output. Throws `lot-unresolved`, and what `planClosing`, the key, the station
 * and the output throw.
 */
export async function closeLot(
  home: Home,
  request: CloseRequest,
  effects: {
    /** Asked for only where a key is opened. */
    readonly credentials: () => Credentials;
    readonly toolVersion: string;
    readonly clock?: Clock;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ClosedLot> {
  const { clock = systemClock, signal } = effects;
  const before = await planClosing(home, request, effects);
  refuseUnresolved(before);
  const { stored, isOwner } = before;
  const { lot } = stored;
  if (request.output && !isOwner) {
    throw new KeylineError('not-found', {
      message: `only the owner of lot ${lot.code} can seal what is said of it, and its key is not here`,
      hint: 'Leave out -o FILE; `keyline station close` writes what a station has to say.',
      facts: { provisioningKey: lot.provisioningKey },
    });
  }
  const credentials = isOwner ? effects.credentials() : undefined;
  const inputs = [...protectedFiles(home, credentials), ...request.ledgers];
  await using output =
    request.output && (await openWhole(request.output, { secret: false, inputs, signal }));
  await using open = credentials && (await openLot(home, stored, credentials, { clock }));
  await surrenderUnused(home, before, { reason: request.reasons.unused, effects });
  const after = await planClosing(home, request, effects);
  refuseUnresolved(after);
  const { account } = after;
  const closedAt = isoSeconds(clock.now());
  const close = closeOf(lot, after, { closedAt, reasons: request.reasons });
  const statement = open && (await sealLotClose(close, open.signer));
  // It is for good: what would be refused elsewhere does not leave here.
  if (statement !== undefined) await openLotClose(statement);
  await using _lock = await home.lock();
  const store = new LotStore(home);
  if (statement !== undefined) {
    const content = `${statement}\n`;
    const mode = { mode: 0o644, force: true } as const;
    await writeFileAtomic(store.closeFile(lot.lotId), content, mode);
    if (output) await writeWhole(output, utf8(content));
  }
  await store.close(lot.lotId, closedAt);
  return { lot, closedAt, account, ...(statement !== undefined && { statement }) };
}

/** Throws `lot-unresolved`, the groups of units as facts, where there are any. */
export function refuseUnresolved({ stored, unresolved }: Closing): void {
  if (unresolved.length === 0) return;
  const { lot } = stored;
  const count = unresolved.reduce((sum, one) => sum + one.count, 0);
  throw new KeylineError('lot-unresolved', {
    message: `lot ${lot.code} cannot be closed: ${count} of its units are not accounted for`,
    facts: {
      lotId: lot.lotId,
      count,
      unresolved: unresolved.map(
        ({ what, count: some, units, station, resolve }) =>
          `${some} ${what}${units && ` (${units})`}${station === undefined ? '' : ` at ${station}`}: ${resolve}`,
      ),
    },
  });
}

async function gather(
  home: Home,
  files: readonly string[],
  effects: { readonly signal?: AbortSignal | undefined },
): ReturnType<typeof gatherLedgers> {
  // A lot that never met a station has no ledger.
  if (files.length > 0 || existsSync(ledgerPath(home))) return gatherLedgers(home, files, effects);
  return { ledgers: [], warnings: [], [Symbol.dispose]: () => undefined };
}

/** Units that nobody used are this ledger's no longer, planned ones for the given reason. */
async function surrenderUnused(
  home: Home,
  { stored: { lot }, account }: Closing,
  by: { readonly reason: string | undefined; readonly effects: Parameters<typeof closeLot>[2] },
): Promise<void> {
  // Those of other ledgers kept the lot from being closed.
  if (account.planned.free + account.spare.free === 0) return;
  const { credentials, toolVersion, clock } = by.effects;
  using station = await openStation(home, credentials());
  const options = { station, toolVersion, create: false, ...(clock && { clock }) };
  await using ledger = await openLedger(ledgerPath(home), options);
  const { lotId, size, spare } = lot;
  const parts = [
    { part: { from: 0, count: size }, reason: by.reason },
    { part: { from: size, count: spare }, reason: by.reason ?? SPARE_REASON },
  ];
  for (const { part, reason } of parts) {
    if (reason === undefined) continue;
    const ranges = [...ledger.neverUsed(lotId)].flatMap((one) => intersection(one, part) ?? []);
    if (ranges.length > 0) await ledger.surrender(lotId, { reason, ranges });
  }
}

function headOf({ reader }: GatheredLedger): LotClose['ledgers'][number] {
  const { station, stationKey, epoch } = reader.identity;
  return { station, stationKey, epoch, ...reader.head() };
}

function closeOf(
  lot: Lot,
  { account, ledgers }: Closing,
  by: { readonly closedAt: string; readonly reasons: CloseReasons },
): LotClose {
  const { unused, lost } = by.reasons;
  return {
    ...{ provisioningKey: lot.provisioningKey, lotId: lot.lotId },
    ...{ planned: partOf(account.planned), spare: partOf(account.spare) },
    ...(unused !== undefined && { unusedReason: unused }),
    ...(lost !== undefined && { lostReason: lost }),
    ...{ ledgers: [...ledgers], closedAt: by.closedAt },
    ...(lot.test && { test: lot.test }),
  };
}

function partOf(part: LotAccount['planned']): ClosedPart {
  const { total, states, surrendered, elsewhere, handedOut, lost, neverLeft } = part;
  const { done, scrapped, replaced } = states;
  return { total, done, scrapped, replaced, surrendered, elsewhere, handedOut, lost, neverLeft };
}
