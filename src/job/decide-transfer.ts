import { KeylineError } from '../kernel/errors.ts';
import { pause } from '../registry/http-client.ts';
import type {
  CountedTransfer,
  RegistryTransfers,
  TransferDecision,
  Verdict,
} from '../registry/transfers.ts';
import type { DecisionMove, DecisionPlan, PlannedItem } from './plan-decision.ts';

/** What surrounds it. */
export interface DecideEffects {
  readonly signal?: AbortSignal | undefined;
  /** Devices that the decision has reached, of all that it is for. */
  readonly onProgress?: (done: number, total: number) => void;
}

const VERDICTS: Readonly<Partial<Record<DecisionMove, Verdict>>> = {
  accepted: 'accept',
  refused: 'refuse',
};
/** Devices that one request names. */
const BATCH = 1_000;

/**
 * Decides what was planned and waits until the registry has carried it out. Cut short, the same again goes
 * on. Throws `transfer-already-decided`, and `devices-refused` where accepted devices could not be moved.
 */
export async function decideTransfer(
  transfers: RegistryTransfers,
  plan: DecisionPlan,
  effects: DecideEffects = {},
): Promise<CountedTransfer> {
  const { id } = plan.transfer;
  const { onProgress = () => undefined } = effects;
  const total = plan.items.length;
  let decided = plan.transfer;
  const whole = asOneRequest(plan);
  if (whole) {
    decided = await transfers.decide(id, whole);
  } else {
    for (let from = 0; from < total; from += BATCH) {
      decided = await decideItems(transfers, id, plan.items.slice(from, from + BATCH));
      onProgress(Math.min(total, from + BATCH), total);
    }
    // All may have been named.
    const isLeft = total === 0 || decided.counts.offered > 0;
    if (plan.rest && isLeft) decided = await decideRest(transfers, id, plan.rest);
  }
  const settled = await carriedOut(transfers, decided, effects);
  refuseHeldBack(plan, settled);
  return settled;
}

/** Exceptions that fit into the request that decides on the rest, so that all is decided at once. */
function asOneRequest({ items, rest }: DecisionPlan): TransferDecision | undefined {
  const verdict = rest && VERDICTS[rest.move];
  if (!verdict || items.length === 0 || items.length > BATCH) return undefined;
  // The request has one reason, for those that it refuses.
  const ofItems = rest.move === 'refused' ? undefined : items[0]?.reason;
  if (!items.every(({ reason }) => reason === ofItems)) return undefined;
  const reason = rest.reason ?? ofItems;
  const except = items.map(({ deviceId }) => deviceId);
  return { default: verdict, except, ...(reason !== undefined && { reason }) };
}

function decideItems(
  transfers: RegistryTransfers,
  id: string,
  items: readonly PlannedItem[],
): Promise<CountedTransfer> {
  const verdicts = items.flatMap(({ deviceId, move, reason }) => {
    const decision = VERDICTS[move];
    return decision ? [{ deviceId, decision, ...(reason !== undefined && { reason }) }] : [];
  });
  if (verdicts.length > 0) return transfers.decide(id, { items: verdicts });
  return transfers.withdraw(
    id,
    items.map(({ deviceId }) => deviceId),
  );
}

function decideRest(
  transfers: RegistryTransfers,
  id: string,
  { move, reason }: NonNullable<DecisionPlan['rest']>,
): Promise<CountedTransfer> {
  const verdict = VERDICTS[move];
  if (!verdict) return transfers.withdraw(id);
  return transfers.decide(id, { default: verdict, ...(reason !== undefined && { reason }) });
}

async function carriedOut(
  transfers: RegistryTransfers,
  decided: CountedTransfer,
  { signal, onProgress = () => undefined }: DecideEffects,
): Promise<CountedTransfer> {
  let transfer = decided;
  const total = transfer.pending ?? 0;
  for (let waitMs = 50; transfer.pending !== undefined; waitMs = Math.min(1_000, waitMs * 2)) {
    onProgress(total - transfer.pending, total);
    await pause(waitMs, signal);
    transfer = await transfers.show(transfer.id);
  }
  return transfer;
}

function refuseHeldBack({ transfer, changes }: DecisionPlan, settled: CountedTransfer): void {
  const expected = transfer.counts.accepted + (changes.accepted ?? 0);
  const refused = expected - settled.counts.accepted;
  if (refused <= 0) return;
  throw new KeylineError('devices-refused', {
    message: `${refused} of ${changes.accepted ?? 0} accepted devices were not moved`,
    hint: `\`keyline transfer show ${transfer.id} --state refused\` names them, and why.`,
    facts: { transfer: transfer.id, refused, accepted: settled.counts.accepted },
  });
}
