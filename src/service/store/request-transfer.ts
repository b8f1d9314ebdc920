import { setImmediate } from 'node:timers/promises';
import { KeylineError } from '../../kernel/errors.ts';
import { findAccountByHandle } from './accounts.ts';
import { newId } from './new-id.ts';
import { NAMED, notOffered, offerDevices } from './offer-devices.ts';
import type { HeldBack } from './offer-devices.ts';
import type { Change } from './store.ts';
import { idPages } from './transfer-devices.ts';
import type { OfferedDevices } from './transfer-devices.ts';
import type { Transfer } from './transfers.ts';

/** An offer of devices to another account. */
export interface NewTransfer {
  readonly sourceAccountId: string;
  /** The destination's public handle. */
  readonly to: string;
  readonly devices: OfferedDevices;
  /** Devices that no line has reported as built, too. */
  readonly includePlanned: boolean;
  readonly note?: string | undefined;
  readonly expiresAt: string;
}

/** What was offered; of a lot, a range or a query, devices that cannot be offered now are left out. */
export interface RequestedTransfer {
  readonly transfer: Transfer;
  readonly leftOut: number;
}

/** What became of pages so far. */
export interface OfferTally {
  readonly asked: number;
  readonly items: number;
  /** The first that cannot be offered. */
  readonly heldBack: readonly HeldBack[];
}

export const NOTHING_OFFERED: OfferTally = { asked: 0, items: 0, heldBack: [] };

/**
 * Offers devices as they are now, in one transaction, in which on SQLite nobody else writes: many are offered by
 * `prepareTransfer`. Throws as `beginTransfer`, `idPages` and `completeTransfer` do.
 */
export async function requestTransfer(
  change: Change,
  wanted: NewTransfer,
): Promise<RequestedTransfer> {
  const transfer = newTransfer(wanted, await destinationOf(change, wanted), change.at);
  await change.db.insertInto('transfers').values(transfer).execute();
  let tally = NOTHING_OFFERED;
  for await (const ids of idPages(change.db, wanted.sourceAccountId, wanted.devices)) {
    tally = await offerPage(change, { transfer, wanted, tally }, ids);
    // Others read between two pages.
    await setImmediate();
  }
  return await completeTransfer(change, { transfer, wanted, tally });
}

/** The row of one that is offered from now on. */
export function newTransfer(
  { sourceAccountId, note, expiresAt }: NewTransfer,
  destinationAccountId: string,
  createdAt: string,
): Transfer {
  return {
    ...{ id: newId('tr', createdAt), sourceAccountId, destinationAccountId, expiresAt },
    ...{ state: 'open', items: 0, decision: null, isStanding: 0, note: note ?? null },
    ...{ preparing: null, createdAt, version: 1 },
  };
}

/** The account. Throws `object-unknown` for one that does not exist or does not receive, in the same words. */
export async function destinationOf(
  { db }: Change,
  { to, sourceAccountId }: NewTransfer,
): Promise<string> {
  const destination = await findAccountByHandle(db, to);
  const receives = destination?.state === 'active' && destination.isReceiving === 1;
  if (receives && destination.id !== sourceAccountId) return destination.id;
  throw new KeylineError('object-unknown', {
    message: 'no other account has this handle and receives devices',
    hint: 'Ask the other account for its handle, which `keyline registry account show` says there.',
  });
}

/** A transfer that gets its items. */
export interface OfferUnderWay {
  readonly transfer: Transfer;
  readonly wanted: NewTransfer;
  readonly tally: OfferTally;
}

/** Offers those of the devices that can be; resolves to the tally with them. */
export async function offerPage(
  change: Change,
  { transfer, wanted, tally }: OfferUnderWay,
  ids: readonly string[],
): Promise<OfferTally> {
  const { includePlanned } = wanted;
  const offered = await offerDevices(change, { transfer, ids, includePlanned });
  const isSaid = offered === ids.length || tally.heldBack.length >= NAMED;
  const more = isSaid ? [] : await notOffered(change.db, transfer.id, ids);
  return {
    asked: tally.asked + ids.length,
    items: tally.items + offered,
    heldBack: [...tally.heldBack, ...more].slice(0, NAMED),
  };
}

/**
 * The offer as both sides see it from now on. Throws `state-conflict` where a device of a list cannot be offered, and
 * where none can, and `registry-unavailable` where its preparation was given up.
 */
export async function completeTransfer(
  change: Change,
  { transfer, wanted, tally }: OfferUnderWay,
): Promise<RequestedTransfer> {
  const { asked, items, heldBack } = tally;
  const isList = !('lotId' in wanted.devices || 'query' in wanted.devices);
  if (items === 0 || (isList && items < asked)) {
    throw new KeylineError('state-conflict', {
      message: `${asked - items} of ${asked} devices cannot be offered, the first is ${heldBack[0]?.serial ?? ''}`,
      hint: hintFor(heldBack, wanted.includePlanned),
      facts: { asked, offered: items, serials: heldBack.map(({ serial }) => serial) },
    });
  }
  const { id, sourceAccountId, destinationAccountId, preparing } = transfer;
  const completed = await change.db
    .updateTable('transfers')
    .set({ items, preparing: null, expiresAt: wanted.expiresAt })
    .where('id', '=', id)
    .where('preparing', preparing === null ? 'is' : '=', preparing)
    .returningAll()
    .executeTakeFirst();
  if (!completed) throw givenUp();
  for (const accountId of [sourceAccountId, destinationAccountId]) {
    change.record({ accountId, type: 'transfer.requested', subject: id, data: { items } });
  }
  return { transfer: completed, leftOut: asked - items };
}

/** What a preparation is told whose lease was lost. */
export function givenUp(): KeylineError {
  return new KeylineError('registry-unavailable', {
    message: 'the offer took too long to prepare',
  });
}

function hintFor(heldBack: readonly HeldBack[], includePlanned: boolean): string {
  const isPlanned = heldBack.some(({ provisioning }) => provisioning === 'planned');
  return isPlanned && !includePlanned
    ? 'No line has reported them: register what was built, or offer planned ones too with --include-planned.'
    : 'Devices that are retired, quarantined, cancelled, failed or offered already cannot; `keyline escrow list` shows each.';
}
