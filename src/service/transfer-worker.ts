import { setImmediate } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import { KeylineError } from '../kernel/errors.ts';
import type { ItemMove } from '../model/transfer-state.ts';
import { WakeSignal } from './http/stream.ts';
import type { Service } from './service.ts';
import { analyze } from './store/analyze.ts';
import {
  advanceOperation,
  endOperation,
  releaseOperation,
  takeOperation,
} from './store/operations.ts';
import type { Operation } from './store/operations.ts';
import { undoOneDead } from './store/prepare-transfer.ts';
import type { Change, Store } from './store/store.ts';
import { APPLY, decideWhole, moveOf, pendingDecision } from './store/transfer-decision.ts';
import { moveRows } from './store/transfer-rows.ts';
import type { Transfer } from './store/transfers.ts';

const ORIGIN = { actor: 'registry' } as const;
/** Rows a transaction: some tens of milliseconds in which nobody else writes. */
const BATCH = 500;
/** How often it looks for what expired, and for what a dead process left. */
const TURN_MS = 15_000;

/** Carries decisions out, a batch at a time, and ends what expired, until disposed. */
export class TransferWorker implements AsyncDisposable {
  readonly #ended = new AbortController();
  readonly #work: Promise<void>;

  constructor(service: Service, log: FastifyBaseLogger) {
    this.#work = this.#run(service, log);
  }

  /** Resolves when the batch that runs is done. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#work;
  }

  async #run({ store, closing }: Service, log: FastifyBaseLogger): Promise<void> {
    const signal = AbortSignal.any([closing, this.#ended.signal]);
    using woken = new WakeSignal(store, [APPLY]);
    while (!signal.aborted) {
      try {
        await transferTurn(store, signal);
      } catch (error) {
        log.warn({ err: error }, 'transfers could not be carried out; they are tried again');
      }
      await woken.wait(signal, TURN_MS);
    }
  }
}

/** One turn: all that is waiting. */
export async function transferTurn(store: Store, signal: AbortSignal): Promise<void> {
  let isMore = true;
  while (isMore && !signal.aborted) isMore = await undoOneDead(store);
  isMore = true;
  while (isMore && !signal.aborted) isMore = await store.change(ORIGIN, expireOne);
  while (!signal.aborted) {
    const operation = await store.change(ORIGIN, (change) => takeOperation(change, APPLY));
    if (!operation) return;
    await carryOut(store, operation, signal);
  }
}

/** A lost lease rolls the batch back: another process carries on. Told to end, it gives the lease back. */
async function carryOut(store: Store, taken: Operation, signal: AbortSignal): Promise<void> {
  let operation = taken;
  let after = '';
  const totals: Partial<Record<ItemMove, number>> = {};
  await analyze(store, ['transferItems']);
  while (!signal.aborted) {
    const step = await store.change(ORIGIN, async (change) => {
      const batch = await applyBatch(change, operation.subject, after);
      const next = await advanceOperation(change, operation, operation.done + batch.size);
      if (!next) throw leaseLost();
      if (batch.size > 0) return { ...batch, next };
      await change.db
        .updateTable('transfers')
        .set((eb) => ({ decision: null, version: eb('version', '+', 1) }))
        .where('id', '=', operation.subject)
        .execute();
      if (!(await endOperation(change, next, { result: totals }))) throw leaseLost();
      return undefined;
    });
    if (!step) return;
    for (const [move, n] of Object.entries(step.counts) as [ItemMove, number][]) {
      totals[move] = (totals[move] ?? 0) + n;
    }
    ({ next: operation, last: after } = step);
    await setImmediate();
  }
  await store.change(ORIGIN, (change) => releaseOperation(change, operation));
}

interface Batch {
  readonly size: number;
  readonly last: string;
  readonly counts: Readonly<Partial<Record<ItemMove, number>>>;
}

async function applyBatch(change: Change, transferId: string, after: string): Promise<Batch> {
  const transfer: Transfer = await change.db
    .selectFrom('transfers')
    .selectAll()
    .where('id', '=', transferId)
    .executeTakeFirstOrThrow();
  const decision = pendingDecision(transfer);
  if (!decision) return { size: 0, last: after, counts: {} };
  const rows = await change.db
    .selectFrom('transferItems')
    .select('deviceId')
    .where('transferId', '=', transferId)
    .where('deviceId', '>', after)
    .where('state', '=', 'offered')
    .orderBy('deviceId')
    .limit(BATCH)
    .execute();
  const moves = rows.map(({ deviceId }) => moveOf(decision, deviceId));
  const counts = await moveRows(change, transfer, moves);
  return { size: rows.length, last: rows.at(-1)?.deviceId ?? after, counts };
}

/** Ends one transfer whose time is over; false where there is none. */
async function expireOne(change: Change): Promise<boolean> {
  const transfer = await change.db
    .selectFrom('transfers')
    .selectAll()
    .where('state', 'in', ['open', 'partially-decided'])
    .where('preparing', 'is', null)
    .where('expiresAt', '<=', change.at)
    .orderBy('expiresAt')
    .limit(1)
    .$if(change.dialect === 'postgres', (query) => query.forUpdate().skipLocked())
    .executeTakeFirst();
  if (!transfer) return false;
  const decision = { move: 'expired', except: [], opposite: 'expired', reason: null } as const;
  await decideWhole(change, transfer, decision);
  return true;
}

function leaseLost(): KeylineError {
  return new KeylineError('registry-unavailable', { message: 'another process carries on' });
}
