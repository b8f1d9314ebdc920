import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { ITEM_MOVES, nextItemState, transferState } from '../../src/model/transfer-state.ts';
import type { ItemMove, ItemState } from '../../src/model/transfer-state.ts';
import { createAccount, changeAccount, findAccount } from '../../src/service/store/accounts.ts';
import { listDevices } from '../../src/service/store/device-query.ts';
import { moveDevice, registerDevice } from '../../src/service/store/devices.ts';
import { checkAudit, eventsAfter } from '../../src/service/store/feed.ts';
import {
  addStandingApproval,
  applyStandingApproval,
  listStandingApprovals,
  removeStandingApproval,
} from '../../src/service/store/standing-approvals.ts';
import type { Change, Store } from '../../src/service/store/store.ts';
import {
  countItems,
  decideItems,
  decideWhole,
  effectiveState,
  lockTransfer,
} from '../../src/service/store/transfer-decision.ts';
import type { WholeDecision } from '../../src/service/store/transfer-decision.ts';
import { listItems } from '../../src/service/store/transfer-items.ts';
import { endPreparations, prepareTransfer } from '../../src/service/store/prepare-transfer.ts';
import { completeTransfer, requestTransfer } from '../../src/service/store/request-transfer.ts';
import type { NewTransfer } from '../../src/service/store/request-transfer.ts';
import { countRows, findTransfer, listTransfers } from '../../src/service/store/transfers.ts';
import type { Transfer } from '../../src/service/store/transfers.ts';
import { transferTurn } from '../../src/service/transfer-worker.ts';
import type { TestClock } from './store-contract.ts';

const ORIGIN = { actor: 'registry' } as const;
const accept: WholeDecision = { move: 'accepted', except: [], opposite: 'refused', reason: null };
const withdraw: WholeDecision = {
  ...{ move: 'withdrawn', except: [], opposite: 'withdrawn', reason: null },
};

/** What every database keeps of transfers: one suite, run on each. */
export function transferContract(
  name: string,
  open: (clock: TestClock) => Promise<{ readonly store: Store } & AsyncDisposable>,
  clock: TestClock,
): void {
  describe(`transfers on ${name}`, () => {
    let subject: { readonly store: Store } & AsyncDisposable;
    let store: Store;
    let source: string;
    let destination: { readonly id: string; readonly handle: string };
    let names = 0;

    const change = <T>(work: (change: Change) => Promise<T>): Promise<T> =>
      store.change(ORIGIN, work);
    const newAccount = () =>
      change((c) => {
        const wanted = { handle: `trade-${names++}`, name: 'Acme', kind: 'oem' } as const;
        return createAccount(c, wanted);
      });
    const devices = (n: number, accountId = source): Promise<string[]> =>
      change(async (c) => {
        const ids: string[] = [];
        for (let i = 0; i < n; i++) {
          const unit = names++;
          const result = await registerDevice(c, {
            ...{ accountId, serial: `S-${unit}`, lotId: `kl_${source}`, lotIndex: unit },
            ...{ provisioningKey: 'kp_one', endpointKey: `ek_${accountId}_${unit}` },
            ...{ scheme: 'psk', provisioning: 'verified' },
          });
          if (result.outcome === 'conflict') throw new Error('a conflict');
          ids.push(result.device.id);
        }
        return ids;
      });
    const ask = (offered: NewTransfer['devices'], more: Partial<NewTransfer> = {}) =>
      change((c) =>
        requestTransfer(c, {
          ...{ sourceAccountId: source, to: destination.handle, includePlanned: false },
          ...{ devices: offered, expiresAt: '2026-04-01T00:00:00.000Z', ...more },
        }),
      );
    const decide = (id: string, decision: WholeDecision): Promise<Transfer> =>
      change(async (c) => {
        const isSource = ITEM_MOVES[decision.move] === 'source';
        const party = isSource
          ? ({ accountId: source, as: 'source' } as const)
          : ({ accountId: destination.id, as: 'destination' } as const);
        return await decideWhole(c, await lockTransfer(c, party, id), decision);
      });
    const decideOne = (id: string, deviceId: string, move: ItemMove): Promise<Transfer> =>
      change(async (c) => {
        const transfer = await findTransfer(c.db, source, id);
        if (!transfer) throw new Error('no transfer');
        return await decideItems(c, transfer, [{ deviceId, move, reason: null }]);
      });
    const ownerOf = async (id: string): Promise<string | undefined> =>
      (
        await store.reader
          .selectFrom('devices')
          .select('accountId')
          .where('id', '=', id)
          .executeTakeFirst()
      )?.accountId;
    const statesIn = async (transfer: Transfer): Promise<Record<string, ItemState>> => {
      const rows = await store.reader
        .selectFrom('transferItems')
        .selectAll()
        .where('transferId', '=', transfer.id)
        .execute();
      return Object.fromEntries(
        rows.map(({ deviceId, state }) => [deviceId, effectiveState(transfer, deviceId, state)]),
      );
    };
    const turn = (): Promise<void> => transferTurn(store, new AbortController().signal);

    beforeAll(async () => {
      subject = await open(clock);
      store = subject.store;
    });
    afterAll(() => subject[Symbol.asyncDispose]());
    beforeEach(async () => {
      source = (await newAccount()).id;
      destination = await newAccount();
    });

    it('offers each device once, and leaves out of a lot what cannot be offered', async () => {
      const ids = await devices(4);
      const [retired = '', offered = ''] = ids;
      await change((c) => moveDevice(c, { accountId: source, id: retired }, 'retired'));
      await ask({ ids: [offered] });
      const { transfer, leftOut } = await ask({ lotId: `kl_${source}` });
      expect([transfer.items, leftOut]).toEqual([2, 2]);
    });

    it('refuses a list with one device that cannot be offered, and offers none of it', async () => {
      const ids = await devices(3);
      await ask({ ids: ids.slice(0, 1) });
      await expect(ask({ ids })).rejects.toMatchObject({ code: 'state-conflict' });
      expect((await ask({ ids: ids.slice(1) })).transfer.items).toBe(2);
    });

    it('offers devices by serial and endpoint key too, one that is named twice once', async () => {
      const ids = await devices(3);
      const rows = await store.reader
        .selectFrom('devices')
        .innerJoin('credentials', 'credentials.deviceId', 'devices.id')
        .select(['id', 'serial', 'endpointKey'])
        .where('id', 'in', ids)
        .orderBy('id')
        .execute();
      const [one, two, three] = rows;
      const listed = {
        ids: [one?.id ?? ''],
        serials: [one?.serial ?? '', two?.serial ?? ''],
        endpointKeys: [three?.endpointKey ?? '', two?.endpointKey ?? ''],
      };
      const { transfer } = await ask(listed);
      expect(transfer.items).toBe(3);
      const items = await listItems(store.reader, transfer, { limit: 10 });
      expect(items).toMatchObject(
        rows.map(({ id: deviceId, ...names }) => ({ deviceId, ...names })),
      );
    });

    it('names the device of a list that it does not know, and those that cannot be offered', async () => {
      const [id = ''] = await devices(1, destination.id);
      const [own = '', other = ''] = await devices(2);
      await expect(ask({ ids: [own], serials: ['none'] })).rejects.toMatchObject({
        ...{ code: 'object-unknown', facts: { device: 'none' } },
      });
      await expect(ask({ ids: [id] })).rejects.toMatchObject({ facts: { device: id } });
      const retired = await change((c) => moveDevice(c, { accountId: source, id: own }, 'retired'));
      await expect(ask({ ids: [own, other] })).rejects.toMatchObject({
        ...{ code: 'state-conflict', facts: { serials: [retired.serial], offered: 1, asked: 2 } },
      });
    });

    it('does not know another account’s device, its lot, or a handle that does not receive', async () => {
      const [id = ''] = await devices(1, destination.id);
      const code = 'object-unknown';
      await expect(ask({ ids: [id] })).rejects.toMatchObject({ code });
      await expect(ask({ lotId: 'kl_other' })).rejects.toMatchObject({ code });
      const own = await devices(1);
      const closed = await newAccount();
      await change((c) => changeAccount(c, closed, { isReceiving: false }));
      const messages = new Set<string>();
      for (const to of ['nobody-here', closed.handle]) {
        const error = await ask({ ids: own }, { to }).catch((cause: unknown) => cause as Error);
        messages.add((error as Error).message);
      }
      expect(messages.size).toBe(1);
    });

    it('moves what is accepted into the destination’s account, one custody step on', async () => {
      const [yes = '', no = ''] = await devices(2);
      const { transfer } = await ask({ ids: [yes, no] });
      const decided = await decide(transfer.id, { ...accept, except: [no], reason: 'spare' });
      expect(decided.state).toBe('completed');
      expect([await ownerOf(yes), await ownerOf(no)]).toEqual([destination.id, source]);
      const custody = await store.reader
        .selectFrom('custody')
        .selectAll()
        .where('deviceId', 'in', [yes, no])
        .execute();
      expect(custody).toMatchObject([
        { deviceId: yes, step: 1, fromAccountId: source, toAccountId: destination.id },
      ]);
      await checkAudit(store.reader, source);
      await checkAudit(store.reader, destination.id);
    });

    it('answers the same decision again, and refuses another one', async () => {
      const { transfer } = await ask({ ids: await devices(2) });
      const first = await decide(transfer.id, accept);
      expect((await decide(transfer.id, accept)).version).toBe(first.version);
      const code = 'transfer-already-decided';
      const refuse: WholeDecision = { ...accept, move: 'refused', opposite: 'accepted' };
      await expect(decide(transfer.id, refuse)).rejects.toMatchObject({ code });
      await expect(decide(transfer.id, withdraw)).rejects.toMatchObject({ code });
    });

    it('lets one of an acceptance and a withdrawal that come at once win', async () => {
      const ids = await devices(3);
      const { transfer } = await ask({ ids });
      const both = await Promise.allSettled([
        decide(transfer.id, accept),
        decide(transfer.id, withdraw),
      ]);
      expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const states = Object.values(await statesIn(transfer));
      expect(new Set(states).size).toBe(1);
      const owner = states[0] === 'accepted' ? destination.id : source;
      for (const id of ids) expect(await ownerOf(id)).toBe(owner);
    });

    it('ends when its time is over, and its devices can be offered again', async () => {
      const ids = await devices(2);
      const { transfer } = await ask({ ids });
      const before = clock.ms;
      clock.ms = Date.parse('2026-04-01T00:00:00.000Z');
      await turn();
      clock.ms = before;
      expect((await findTransfer(store.reader, source, transfer.id))?.state).toBe('expired');
      expect((await ask({ ids })).transfer.items).toBe(2);
    });

    it('refuses what was held back since it was offered, and a serial that the destination has', async () => {
      const [held = '', same = '', fine = ''] = await devices(3);
      const { transfer } = await ask({ ids: [held, same, fine] });
      await change((c) => moveDevice(c, { accountId: source, id: held }, 'quarantined'));
      const [theirs = ''] = await devices(1, destination.id);
      await change(({ db }) =>
        db
          .updateTable('devices')
          .set((eb) => ({
            serial: eb.selectFrom('devices as o').select('o.serial').where('o.id', '=', same),
          }))
          .where('id', '=', theirs)
          .execute(),
      );
      await decide(transfer.id, accept);
      const rows = await store.reader
        .selectFrom('transferItems')
        .select(['deviceId', 'state', 'reason'])
        .where('transferId', '=', transfer.id)
        .execute();
      const of = (id: string) => rows.find(({ deviceId }) => deviceId === id);
      expect(of(held)).toMatchObject({ state: 'refused', reason: 'device-held-back' });
      expect(of(same)).toMatchObject({ state: 'refused', reason: 'serial-taken' });
      expect(await ownerOf(fine)).toBe(destination.id);
    });

    it('shows a decision on thousands at once, and moves their rows in batches after it', async () => {
      const ids = await devices(1_100);
      const { transfer } = await ask({ ids });
      const [no = ''] = ids;
      const decided = await decide(transfer.id, { ...accept, except: [no] });
      expect(decided.state).toBe('completed');
      const counts = { offered: 0, accepted: 1_099, refused: 1 };
      expect(await countItems(store.reader, decided)).toMatchObject(counts);
      expect((await statesIn(decided))[no]).toBe('refused');
      const inState = async (state: ItemState, from = decided) =>
        (await listItems(store.reader, from, { limit: 2_000, state })).length;
      const states = ['offered', 'accepted', 'refused', 'withdrawn'] as const;
      expect(await Promise.all(states.map((state) => inState(state)))).toEqual([0, 1_099, 1, 0]);
      await expect(decide(transfer.id, withdraw)).rejects.toMatchObject({
        code: 'transfer-already-decided',
      });
      expect(await ownerOf(ids[1] ?? '')).toBe(source);
      await turn();
      const after = await findTransfer(store.reader, source, transfer.id);
      expect(after).toMatchObject({ state: 'completed', decision: null });
      if (after) expect(await countItems(store.reader, after)).toMatchObject(counts);
      if (after) expect(await inState('accepted', after)).toBe(1_099);
      const { n } = await store.reader
        .selectFrom('devices')
        .select(({ fn }) => fn.countAll().as('n'))
        .where('accountId', '=', destination.id)
        .executeTakeFirstOrThrow();
      expect([Number(n), await ownerOf(no)]).toEqual([1_099, source]);
    });

    it('that is cut short between two batches is given back, and goes on without a wait', async () => {
      const { transfer } = await ask({ ids: await devices(1_100) });
      await decide(transfer.id, accept);
      const stop = new AbortController();
      let changes = 0;
      const cutShort = Object.create(store, {
        change: {
          // No preparation died, nothing expires, the operation is taken, then the first batch.
          value: async (...work: Parameters<Store['change']>) => {
            const result = await store.change(...work);
            if (++changes === 4) stop.abort();
            return result;
          },
        },
      }) as Store;
      await transferTurn(cutShort, stop.signal);
      const half = await findTransfer(store.reader, source, transfer.id);
      expect(half?.decision).not.toBeNull();
      expect(await countRows(store.reader, transfer.id)).toMatchObject({ accepted: 500 });
      await turn();
      expect(await countRows(store.reader, transfer.id)).toMatchObject({ accepted: 1_100 });
    });

    describe('of many devices', () => {
      const prepare = (ids: readonly string[], key = 'a request') => {
        const wanted = {
          ...{ sourceAccountId: source, to: destination.handle, includePlanned: false },
          ...{ devices: { ids }, expiresAt: '2099-01-01T00:00:00.000Z' },
        };
        return prepareTransfer(store, ORIGIN, { wanted, key });
      };
      const openTransfers = async (): Promise<unknown[]> => {
        const scope = { accountId: source, query: {} };
        const found = await listDevices(store.reader, scope, { limit: 5_000 });
        return [...new Set(found.map(({ openTransferId }) => openTransferId))];
      };
      const rows = (id: string) => countRows(store.reader, id);
      const page = { limit: 10 };

      it('is seen by nobody before it is complete, and by all from then on', async () => {
        const ids = await devices(2_100);
        const { eventSeq: before } = await counters();
        {
          await using prepared = await prepare(ids);
          const { id } = prepared.transfer;
          expect(await rows(id)).toMatchObject({ offered: ids.length });
          for (const [accountId, as] of [
            [source, 'source'],
            [destination.id, 'destination'],
          ] as const) {
            expect(await findTransfer(store.reader, accountId, id)).toBeUndefined();
            expect(await listTransfers(store.reader, { accountId, as }, page)).toEqual([]);
          }
          expect(await openTransfers()).toEqual([null]);
          await expect(decide(id, accept)).rejects.toMatchObject({ code: 'object-unknown' });
          await expect(prepare(ids)).rejects.toMatchObject({ code: 'idempotency-in-flight' });
          // They are held, whoever asks.
          await expect(ask({ ids: ids.slice(0, 2) })).rejects.toMatchObject({
            code: 'state-conflict',
          });
          expect((await counters()).eventSeq).toBe(before);
          const { transfer, leftOut } = await change((c) => completeTransfer(c, prepared));
          expect([transfer.items, transfer.expiresAt, leftOut]).toEqual([
            ...[ids.length, '2099-01-01T00:00:00.000Z', 0],
          ]);
          expect(await findTransfer(store.reader, destination.id, id)).toEqual(transfer);
          expect(await openTransfers()).toEqual([id]);
        }
        // What was completed stays when its preparation is let go.
        expect(await openTransfers()).not.toContain(null);
        expect((await counters()).eventSeq).toBe(before + 1);
      });

      it('leaves nothing where one of a list cannot be offered, or where it was let go', async () => {
        const ids = await devices(2_100);
        const stranger = `dv_${'0'.repeat(26)}`;
        await expect(prepare([...ids, stranger])).rejects.toMatchObject({ code: 'object-unknown' });
        const { transfer } = await prepare(ids).then(async (prepared) => {
          await prepared[Symbol.asyncDispose]();
          return prepared;
        });
        expect(await rows(transfer.id)).toMatchObject({ offered: 0 });
        expect(await hidden()).toEqual([]);
        await using _again = await prepare(ids);
      });

      it('whose process died is undone once its lease has ended, and never completed', async () => {
        const ids = await devices(2_100);
        const dead = await prepare(ids);
        await turn();
        expect(await rows(dead.transfer.id)).toMatchObject({ offered: ids.length });
        clock.ms += 10_000;
        await turn();
        expect(await rows(dead.transfer.id)).toMatchObject({ offered: 0 });
        expect(await hidden()).toEqual([]);
        await expect(change((c) => completeTransfer(c, dead))).rejects.toMatchObject({
          code: 'registry-unavailable',
        });
        await using _again = await prepare(ids);
      });

      it('is prepared again by the same request as soon as the lease has ended', async () => {
        const ids = await devices(2_100);
        const dead = await prepare(ids);
        await expect(prepare(ids)).rejects.toMatchObject({ code: 'idempotency-in-flight' });
        clock.ms += 10_000;
        await using again = await prepare(ids);
        expect(await rows(dead.transfer.id)).toMatchObject({ offered: 0 });
        const { transfer } = await change((c) => completeTransfer(c, again));
        expect(transfer.items).toBe(ids.length);
      });

      it('is undone at once where its process is known to be dead', async () => {
        await prepare(await devices(10));
        await change(endPreparations);
        await turn();
        expect(await hidden()).toEqual([]);
      });

      const hidden = () =>
        store.reader
          .selectFrom('transfers')
          .selectAll()
          .where('preparing', 'is not', null)
          .execute();
      const counters = () =>
        store.reader
          .selectFrom('counters')
          .selectAll()
          .where('accountId', '=', source)
          .executeTakeFirstOrThrow();
    });

    it('offers what fits a query now, and leaves out what cannot be offered', async () => {
      const ids = await devices(4);
      const [retired = '', offered = '', other = ''] = ids;
      await change((c) => moveDevice(c, { accountId: source, id: retired }, 'retired'));
      await ask({ ids: [offered] });
      await change(({ db }) =>
        db.updateTable('devices').set({ model: 'M8' }).where('id', '=', other).execute(),
      );
      const query = { lotId: `kl_${source}`, escrow: 'waiting' } as const;
      const code = 'object-unknown';
      await expect(ask({ query: { model: 'M9' } })).rejects.toMatchObject({ code });
      const eights = await ask({ query: { ...query, model: 'M8' } });
      expect([eights.transfer.items, eights.leftOut]).toEqual([1, 0]);
      const rest = await ask({ query });
      expect([rest.transfer.items, rest.leftOut]).toEqual([1, 1]);
      // A device that comes later is not of an offer made before.
      await devices(1);
      expect(await countRows(store.reader, rest.transfer.id)).toMatchObject({ offered: 1 });
    });

    describe('from an account with a standing approval', () => {
      const offerOf = (ids: readonly string[]): Promise<Transfer> =>
        change(async (c) => {
          const { transfer } = await requestTransfer(c, {
            ...{ sourceAccountId: source, to: destination.handle, devices: { ids } },
            ...{ includePlanned: false, expiresAt: '2026-04-01T00:00:00.000Z' },
          });
          return await applyStandingApproval(c, transfer);
        });
      const approve = (): Promise<unknown> =>
        change(async (c) => {
          const from = (await findAccount(c.db, source))?.handle ?? '';
          return await addStandingApproval(c, destination.id, from);
        });

      it('is accepted at once, and says what decided', async () => {
        const before = await offerOf(await devices(1));
        await approve();
        await approve();
        const ids = await devices(2);
        const accepted = await offerOf(ids);
        expect(accepted).toMatchObject({ state: 'completed', isStanding: 1 });
        for (const id of ids) expect(await ownerOf(id)).toBe(destination.id);
        // What was offered before is left to be decided.
        const kept = await findTransfer(store.reader, source, before.id);
        expect(kept).toMatchObject({ state: 'open', isStanding: 0 });
        const events = await eventsAfter(store.reader, destination.id, { after: 0, limit: 99 });
        const [decided] = events.filter(({ type }) => type === 'transfer.completed');
        expect(decided?.data).toMatchObject({ accepted: 2, standingApproval: true });
        expect(events.filter(({ type }) => type === 'standing-approval.added')).toHaveLength(1);
      });

      it('is carried out in batches where it is large, and refuses what it cannot move', async () => {
        await approve();
        const ids = await devices(1_002);
        const [same = ''] = ids;
        const [theirs = ''] = await devices(1, destination.id);
        await change(({ db }) =>
          db
            .updateTable('devices')
            .set((eb) => ({
              serial: eb.selectFrom('devices as o').select('o.serial').where('o.id', '=', same),
            }))
            .where('id', '=', theirs)
            .execute(),
        );
        const accepted = await offerOf(ids);
        expect(accepted).toMatchObject({ state: 'completed', isStanding: 1 });
        await turn();
        const counts = await countRows(store.reader, accepted.id);
        expect(counts).toMatchObject({ offered: 0, accepted: 1_001, refused: 1 });
        const after = await findTransfer(store.reader, source, accepted.id);
        expect(after).toMatchObject({ isStanding: 1, decision: null });
      });

      it('is left to be decided once that was taken back, and from others always', async () => {
        await approve();
        const { handle = '' } = (await findAccount(store.reader, source)) ?? {};
        expect(
          await listStandingApprovals(store.reader, destination.id, { limit: 9 }),
        ).toMatchObject([{ from: handle }]);
        const remove = (): Promise<void> =>
          change((c) => removeStandingApproval(c, destination.id, handle));
        await remove();
        await expect(remove()).rejects.toMatchObject({ code: 'object-unknown' });
        expect(await offerOf(await devices(1))).toMatchObject({ state: 'open', isStanding: 0 });
        await approve();
        source = (await newAccount()).id;
        expect(await offerOf(await devices(1))).toMatchObject({ state: 'open' });
      });

      it('is for another account that there is', async () => {
        for (const from of ['nobody-here', destination.handle]) {
          const adding = change((c) => addStandingApproval(c, destination.id, from));
          await expect(adding).rejects.toMatchObject({ code: 'object-unknown' });
        }
      });
    });

    it('is what the model says after any moves of its items', async () => {
      const move = fc.constantFrom<ItemMove>('accepted', 'refused', 'withdrawn');
      const moves = fc.array(fc.tuple(fc.nat(3), move), { maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(moves, async (list) => {
          const ids = await devices(4);
          const { transfer } = await ask({ ids });
          const model: ItemState[] = ids.map(() => 'offered');
          for (const [at, wanted] of list) {
            const next = nextItemState(model[at] ?? 'offered', wanted, ITEM_MOVES[wanted]);
            const outcome = await decideOne(transfer.id, ids[at] ?? '', wanted).then(
              () => 'done',
              (error: unknown) => (error as { code: string }).code,
            );
            expect(outcome).toBe(next ? 'done' : 'transfer-already-decided');
            if (next) model[at] = next;
          }
          const now = await findTransfer(store.reader, source, transfer.id);
          if (!now) throw new Error('no transfer');
          const states = await statesIn(now);
          expect(ids.map((id) => states[id])).toEqual(model);
          expect(now.state).toBe(transferState(await countItems(store.reader, now)));
          for (const [n, id] of ids.entries()) {
            const owner = model[n] === 'accepted' ? destination.id : source;
            expect(await ownerOf(id)).toBe(owner);
          }
        }),
        { numRuns: 15 },
      );
    });
  });
}
