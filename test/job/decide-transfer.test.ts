import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decideTransfer } from '../../src/job/decide-transfer.ts';
import { planDecision } from '../../src/job/plan-decision.ts';
import type { DecisionMove, DecisionScope } from '../../src/job/plan-decision.ts';
import { KeylineError } from '../../src/kernel/errors.ts';
import { nextItemState, NO_ITEMS, transferState } from '../../src/model/transfer-state.ts';
import type { ItemState } from '../../src/model/transfer-state.ts';
import type {
  CountedTransfer,
  RegistryTransfers,
  TransferDecision,
  TransferItem,
} from '../../src/registry/transfers.ts';

interface Held {
  state: ItemState;
  reason: string | undefined;
}

/** One transfer in memory, which takes at most 1,000 names a request as a registry does. */
class FakeTransfer {
  readonly items: Held[];
  requests = 0;

  constructor(count: number) {
    this.items = Array.from({ length: count }, () => ({ state: 'offered', reason: undefined }));
  }

  get registry(): RegistryTransfers {
    const { items } = this;
    return {
      show: () => Promise.resolve(this.view()),
      async *items() {
        const all = items.map(({ state }, n): TransferItem => {
          return { deviceId: idOf(n), serial: `S-${n}`, state };
        });
        for (let at = 0; at < all.length; at += 1_000)
          yield await Promise.resolve(all.slice(at, at + 1_000));
      },
      decide: (_id: string, decision: TransferDecision) =>
        this.#answer(() => {
          if ('items' in decision) {
            limit(decision.items);
            for (const item of decision.items) {
              this.#move(
                item.deviceId,
                item.decision === 'accept' ? 'accepted' : 'refused',
                item.reason,
              );
            }
            return;
          }
          const { except = [], reason } = decision;
          limit(except);
          const [move, opposite] =
            decision.default === 'accept'
              ? (['accepted', 'refused'] as const)
              : (['refused', 'accepted'] as const);
          for (const id of except)
            this.#move(id, opposite, opposite === 'refused' ? reason : undefined);
          if (this.items.every(({ state }) => state !== 'offered') && except.length === 0)
            throw decided();
          this.#rest(move, move === 'refused' ? reason : undefined);
        }),
      withdraw: (_id: string, devices?: readonly string[]) =>
        this.#answer(() => {
          if (!devices) {
            this.#rest('withdrawn', undefined);
            return;
          }
          limit(devices);
          for (const id of devices) this.#move(id, 'withdrawn', undefined);
        }),
    } as Partial<RegistryTransfers> as RegistryTransfers;
  }

  view(): CountedTransfer {
    const counts = { ...NO_ITEMS };
    for (const { state } of this.items) counts[state] += 1;
    return {
      ...{ id: 'tr_1', source: 'acme', destination: 'widgets', items: this.items.length },
      ...{ state: transferState(counts), expiresAt: '', createdAt: '', counts },
    };
  }

  #answer(work: () => void): Promise<CountedTransfer> {
    this.requests += 1;
    return Promise.resolve().then(() => {
      work();
      return this.view();
    });
  }

  #move(id: string, move: DecisionMove, reason: string | undefined): void {
    const item = this.items[Number(id.slice(-6))];
    const party = move === 'withdrawn' ? 'source' : 'destination';
    if (!item || nextItemState(item.state, move, party) === undefined) throw decided();
    if (item.state === 'offered') Object.assign(item, { state: move, reason });
  }

  #rest(move: DecisionMove, reason: string | undefined): void {
    for (const item of this.items)
      if (item.state === 'offered') Object.assign(item, { state: move, reason });
  }
}

const idOf = (n: number): string => `dv_${String(n).padStart(26, '0')}`;
const decided = () => new KeylineError('transfer-already-decided', { message: 'decided' });
function limit(list: readonly unknown[]): void {
  if (list.length > 1_000) throw new KeylineError('request-invalid', { message: 'too many' });
}

const named = (ns: readonly number[], reasons: ReadonlyMap<number, string> = new Map()) =>
  ns.map((n) => {
    const reason = reasons.get(n);
    return { kind: 'serials' as const, name: `S-${n}`, ...(reason !== undefined && { reason }) };
  });
const decide = async (
  fake: FakeTransfer,
  wish: { readonly move: DecisionMove; readonly scope: DecisionScope; readonly reason?: string },
) => {
  const plan = await planDecision(fake.registry, { transfer: 'tr_1', ...wish });
  return { plan, settled: await decideTransfer(fake.registry, plan) };
};
const OPPOSITE = { accepted: 'refused', refused: 'accepted', withdrawn: 'withdrawn' } as const;

it('makes of each device what was said, with its own reason or the common one, and counts right', async () => {
  const count = 12;
  const subset = fc.uniqueArray(fc.nat(count - 1), { maxLength: count });
  const reasons = fc.array(fc.tuple(fc.nat(count - 1), fc.constantFrom('bent', 'dead')), {
    maxLength: 4,
  });
  const arbitrary = fc.record({
    ...{
      move: fc.constantFrom<DecisionMove>('accepted', 'refused'),
      kind: fc.constantFrom('only' as const, 'except' as const),
    },
    ...{
      ns: subset,
      before: subset,
      reasons,
      reason: fc.option(fc.constant('late'), { nil: undefined }),
    },
  });
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ move, kind, ns, before, reasons: own, reason }) => {
      fc.pre(ns.length > 0);
      const fake = new FakeTransfer(count);
      const forNamed = kind === 'only' ? move : OPPOSITE[move];
      // Some were decided before, in the same way.
      for (const n of before) {
        Object.assign(fake.items[n] ?? {}, {
          state: ns.includes(n) ? forNamed : move,
          reason: 'before',
        });
      }
      const offered = fake.items.map(({ state }) => state === 'offered');
      const ownReasons = new Map(own);
      const scope = { kind, devices: named(ns, ownReasons) };
      const { plan, settled } = await decide(fake, {
        move,
        scope,
        ...(reason !== undefined && { reason }),
      });
      const expected = offered.map((isOpen, n): Held => {
        const isNamed = ns.includes(n);
        if (!isOpen) return { state: isNamed ? forNamed : move, reason: 'before' };
        if (!isNamed && kind === 'only') return { state: 'offered', reason: undefined };
        const state = isNamed ? forNamed : move;
        const said = isNamed ? ownReasons.get(n) : undefined;
        return { state, reason: said ?? (state === 'refused' ? reason : undefined) };
      });
      expect(fake.items).toEqual(expected);
      const changed = expected.filter(({ state }, n) => offered[n] && state !== 'offered').length;
      const planned = Object.values(plan.changes).reduce((sum, n) => sum + n, 0);
      expect([planned, settled.counts]).toEqual([changed, fake.view().counts]);
    }),
  );
});

it('decides on all but a few in one request, so that nothing can come between', async () => {
  const fake = new FakeTransfer(2_000);
  await decide(fake, {
    move: 'accepted',
    scope: { kind: 'except', devices: named([1, 5]) },
    reason: 'bent',
  });
  expect([fake.requests, fake.items[5], fake.view().counts.accepted]).toEqual([
    ...[1, { state: 'refused', reason: 'bent' }, 1_998],
  ]);
});

it('names more than a thousand in several requests, and again changes nothing', async () => {
  const fake = new FakeTransfer(5_000);
  const devices = named(Array.from({ length: 2_500 }, (_, n) => n));
  await decide(fake, { move: 'accepted', scope: { kind: 'except', devices } });
  expect([fake.requests, fake.view().counts]).toMatchObject([
    4,
    { accepted: 2_500, refused: 2_500 },
  ]);
  const { plan } = await decide(fake, { move: 'accepted', scope: { kind: 'except', devices } });
  expect([fake.requests, plan.changes]).toEqual([4, { accepted: 0, refused: 0 }]);
});

it('takes back by name and what is left', async () => {
  const fake = new FakeTransfer(3);
  await decide(fake, { move: 'withdrawn', scope: { kind: 'only', devices: named([1]) } });
  await decide(fake, { move: 'withdrawn', scope: { kind: 'all' } });
  expect(fake.view()).toMatchObject({ state: 'withdrawn', counts: { withdrawn: 3 } });
});

it('decides on nothing where one of the named is not there or decided otherwise', async () => {
  const fake = new FakeTransfer(3);
  Object.assign(fake.items[2] ?? {}, { state: 'withdrawn' });
  for (const [ns, code] of [
    [[0, 7], 'object-unknown'],
    [[0, 2], 'transfer-already-decided'],
  ] as const) {
    const scope = { kind: 'only', devices: named(ns) } as const;
    await expect(decide(fake, { move: 'accepted', scope })).rejects.toMatchObject({ code });
  }
  expect([fake.requests, fake.items[0]?.state]).toEqual([0, 'offered']);
});

it('says how many accepted devices the registry could not move', async () => {
  const fake = new FakeTransfer(3);
  const plan = await planDecision(fake.registry, {
    transfer: 'tr_1',
    move: 'accepted',
    scope: { kind: 'all' },
  });
  const { registry } = fake;
  const held: RegistryTransfers = {
    ...registry,
    decide: async (id, decision) => {
      await registry.decide(id, decision);
      Object.assign(fake.items[1] ?? {}, { state: 'refused', reason: 'serial-taken' });
      return { ...fake.view(), pending: 1 };
    },
  };
  await expect(decideTransfer(held, plan)).rejects.toMatchObject({
    ...{ code: 'devices-refused', exitCode: 6, facts: { refused: 1, accepted: 2 } },
  });
});
