import { groupBy } from '../../kernel/group-by.ts';
import { mayBeOffered } from '../../model/device-state.ts';
import type { ItemMove } from '../../model/transfer-state.ts';
import type { Change } from './store.ts';
import type { Transfer } from './transfers.ts';
import { unindexed } from './unindexed.ts';

/** What is to become of one offered device. */
export interface RowMove {
  readonly deviceId: string;
  readonly move: ItemMove;
  readonly reason: string | null;
}

/** Reasons that the registry itself gives, where what was accepted cannot be moved. */
export type RegistryReason = 'device-held-back' | 'serial-taken';

/**
 * Carries out moves of at most a thousand items, those that are still offered; an accepted device becomes
 * the destination's, one custody step further. One that was held back since it was offered, or whose
 * serial the destination has already, is refused with the reason. Resolves to how many became what.
 */
export async function moveRows(
  change: Change,
  transfer: Transfer,
  moves: readonly RowMove[],
): Promise<Readonly<Partial<Record<ItemMove, number>>>> {
  if (moves.length === 0) return {};
  const accepted = moves.filter(({ move }) => move === 'accepted').map(({ deviceId }) => deviceId);
  const refusals = await unmovable(change, transfer, accepted);
  const final = moves.map((row): RowMove => {
    const reason = row.move === 'accepted' ? refusals.get(row.deviceId) : undefined;
    return reason === undefined ? row : { ...row, move: 'refused', reason };
  });
  const counts: Partial<Record<ItemMove, number>> = {};
  const alike = groupBy(final, ({ move, reason }) => JSON.stringify([move, reason]));
  for (const rows of alike.values()) {
    const { move, reason } = rows[0] as RowMove;
    const ids = rows.map(({ deviceId }) => deviceId);
    const done = await change.db
      .updateTable('transferItems')
      .set({ state: move, reason, decidedAt: change.at })
      .where('transferId', '=', transfer.id)
      .where('deviceId', 'in', ids)
      .where('state', '=', 'offered')
      .returning('deviceId')
      .execute();
    counts[move] = (counts[move] ?? 0) + done.length;
    const moved = done.map(({ deviceId }) => deviceId);
    if (move === 'accepted' && moved.length > 0) await handOver(change, transfer, moved);
    for (const id of moved) change.wake(id);
  }
  return counts;
}

/** Why devices that were accepted cannot be moved. */
async function unmovable(
  { db, dialect }: Change,
  { sourceAccountId, destinationAccountId }: Transfer,
  ids: readonly string[],
): Promise<ReadonlyMap<string, RegistryReason>> {
  const reasons = new Map<string, RegistryReason>();
  if (ids.length === 0) return reasons;
  const devices = await db
    .selectFrom('devices')
    .select(['id', 'accountId', 'provisioning', 'enrollment', 'isCancelled'])
    // One by one: with a list of serials, PostgreSQL walks all that the destination has got by now.
    .select((eb) =>
      eb
        .selectFrom('devices as theirs')
        .select('theirs.id')
        .where('theirs.accountId', '=', destinationAccountId)
        .whereRef('theirs.serial', '=', 'devices.serial')
        .limit(1)
        .as('sameSerial'),
    )
    .where('id', 'in', ids)
    .orderBy('id')
    .$if(dialect === 'postgres', (query) => query.forUpdate())
    .execute();
  for (const device of devices) {
    const isSource = device.accountId === sourceAccountId;
    const isHeldBack = device.isCancelled === 1 || !mayBeOffered(device, true);
    if (!isSource || isHeldBack) reasons.set(device.id, 'device-held-back');
    else if (device.sameSerial !== null) reasons.set(device.id, 'serial-taken');
  }
  return reasons;
}

async function handOver(
  { db, at, dialect }: Change,
  { id: transferId, sourceAccountId, destinationAccountId }: Transfer,
  ids: readonly string[],
): Promise<void> {
  await db
    .insertInto('custody')
    .columns([
      ...(['deviceId', 'step', 'fromAccountId', 'toAccountId', 'transferId'] as const),
      ...(['statement', 'createdAt'] as const),
    ])
    .expression((eb) =>
      eb
        .selectFrom('devices')
        .select((device) => [
          device.ref('id').as('deviceId'),
          device('custodyStep', '+', 1).as('step'),
          device.val(sourceAccountId).as('fromAccountId'),
          device.val(destinationAccountId).as('toAccountId'),
          device.val(transferId).as('transferId'),
          device.lit(null).as('statement'),
          device.val(at).as('createdAt'),
        ])
        .where('id', 'in', ids),
    )
    .execute();
  await db
    .updateTable('devices')
    .set((eb) => ({
      accountId: destinationAccountId,
      custodyStep: eb('custodyStep', '+', 1),
      enrollment: 'pending',
      version: eb('version', '+', 1),
    }))
    .where('id', 'in', ids)
    .where(unindexed(dialect, 'accountId'), '=', sourceAccountId)
    .execute();
}
