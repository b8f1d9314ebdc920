import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { escrowState, ESCROW_STATES } from '../../src/model/escrow.ts';
import type { EscrowState } from '../../src/model/escrow.ts';
import { issueToken, findCaller } from '../../src/service/auth/sessions.ts';
import { createAccount } from '../../src/service/store/accounts.ts';
import {
  countEscrow,
  escrowOf,
  listDevices,
  scanDevices,
} from '../../src/service/store/device-query.ts';
import type { DeviceQuery, FleetDevice, ScanKey } from '../../src/service/store/device-query.ts';
import { moveDevice, registerDevice } from '../../src/service/store/devices.ts';
import { setCancelled } from '../../src/service/store/escrow.ts';
import { checkAudit, eventsAfter, lastEvent } from '../../src/service/store/feed.ts';
import { custodyOf, needFleetDevice } from '../../src/service/store/fleet.ts';
import { endpointKeyOf } from '../../src/model/ids.ts';
import type { Change, Store } from '../../src/service/store/store.ts';
import { decideWhole, lockTransfer } from '../../src/service/store/transfer-decision.ts';
import { requestTransfer } from '../../src/service/store/request-transfer.ts';
import type { DeviceTable } from '../../src/service/store/tables.ts';
import type { TestClock } from './store-contract.ts';

const ORIGIN = { actor: 'registry' } as const;
const LOTS = { a: 'kl_a', b: 'kl_b' } as const;

/** What every database tells of an account's devices: one suite, run on each. */
export function fleetContract(
  name: string,
  open: (clock: TestClock) => Promise<{ readonly store: Store } & AsyncDisposable>,
  clock: TestClock,
): void {
  describe(`the fleet on ${name}`, () => {
    let subject: { readonly store: Store } & AsyncDisposable;
    let store: Store;
    let accountId: string;
    let names = 0;

    const change = <T>(work: (change: Change) => Promise<T>): Promise<T> =>
      store.change(ORIGIN, work);
    const newAccount = () =>
      change((c) =>
        createAccount(c, { handle: `fleet-${names++}`, name: 'Acme', kind: 'oem' } as const),
      );
    const endpointKey = (): string => {
      const bytes = new Uint8Array(16);
      new DataView(bytes.buffer).setUint32(0, names++);
      return endpointKeyOf(bytes);
    };
    const device = (index: number, more: Partial<DeviceTable> = {}): Promise<string> =>
      change(async (c) => {
        const serial = `S-${String(index).padStart(4, '0')}`;
        const result = await registerDevice(c, {
          ...{ accountId, serial, lotId: LOTS.a, lotIndex: index, scheme: 'psk' },
          ...{ provisioningKey: 'kp_one', endpointKey: endpointKey(), provisioning: 'verified' },
        });
        if (result.outcome === 'conflict') throw new Error('a conflict');
        const { id } = result.device;
        if (Object.keys(more).length > 0) {
          await c.db.updateTable('devices').set(more).where('id', '=', id).execute();
        }
        return id;
      });
    const list = (query: DeviceQuery, limit = 100, after?: ScanKey) =>
      listDevices(store.reader, { accountId, query }, { limit, after });
    const serials = async (query: DeviceQuery): Promise<string[]> =>
      (await list(query)).map(({ serial }) => serial);
    const show = (id: string): Promise<FleetDevice> => needFleetDevice(store.reader, accountId, id);
    const offer = async (ids: readonly string[]): Promise<string> => {
      const { handle } = await newAccount();
      const offered = await change((c) =>
        requestTransfer(c, {
          ...{ sourceAccountId: accountId, to: handle, devices: { ids }, includePlanned: false },
          expiresAt: '2026-04-01T00:00:00.000Z',
        }),
      );
      return offered.transfer.id;
    };

    beforeAll(async () => {
      subject = await open(clock);
      store = subject.store;
    });
    afterAll(() => subject[Symbol.asyncDispose]());
    beforeEach(async () => {
      accountId = (await newAccount()).id;
    });

    it('is listed by serial, and a lot by index, page after page, each device once', async () => {
      for (const n of [3, 1, 2, 5, 4]) await device(n, { lotIndex: 10 - n });
      await device(9, { lotId: LOTS.b, lotIndex: 0 });
      const pages: string[][] = [];
      for (let after: ScanKey | undefined; ;) {
        const page = await list({}, 4, after);
        if (page.length === 0) break;
        pages.push(page.map(({ serial }) => serial));
        after = page.at(-1);
      }
      expect(pages).toEqual([
        ['S-0001', 'S-0002', 'S-0003', 'S-0004'],
        ['S-0005', 'S-0009'],
      ]);
      const behind = { serial: 'S-0004', lotIndex: 6 };
      const lot = await list({ lotId: LOTS.a, first: 6, last: 8 }, 2, behind);
      expect(lot.map(({ lotIndex }) => lotIndex)).toEqual([7, 8]);
    });

    it('that has devices of two lots of one id has every one, those of an index by serial', async () => {
      for (const [n, lotIndex] of [5, 5, 6, 6, 6, 7].entries()) await device(n, { lotIndex });
      const query = { lotId: LOTS.a };
      const all = await serials(query);
      expect(all).toHaveLength(6);
      for (const batch of [1, 2, 3, 4]) {
        const paged: string[] = [];
        for (let after: ScanKey | undefined; ;) {
          const page = await list(query, batch, after);
          if (page.length === 0) break;
          paged.push(...page.map(({ serial }) => serial));
          after = page.at(-1);
        }
        expect(paged).toEqual(all);
        const scanned: string[] = [];
        for await (const rows of scanDevices(store.reader, { accountId, query }, { batch })) {
          scanned.push(...rows.map(({ serial }) => serial));
        }
        expect(scanned).toEqual(all);
      }
    });

    it('leaves out other accounts’ devices and those of an upload under way', async () => {
      await device(1);
      await device(2, { uploadId: 'up_one' });
      const own = accountId;
      accountId = (await newAccount()).id;
      await device(1);
      accountId = own;
      expect(await serials({})).toEqual(['S-0001']);
      expect(await serials({ lotId: LOTS.a })).toEqual(['S-0001']);
    });

    it.each([
      [{ lotId: LOTS.b }, ['S-0003']],
      [{ model: 'M7' }, ['S-0002']],
      [{ provisioning: 'planned' }, ['S-0004']],
      [{ enrollment: 'quarantined' }, ['S-0005']],
      [{ mark: 'counter-ran-back' }, ['S-0006']],
      [{ firmware: '2.0' }, ['S-0007', 'S-0008']],
      [{ firmware: '2.0', escrow: 'cancelled' }, ['S-0008']],
      [{ serialPrefix: 'S-001' }, ['S-0010', 'S-0011']],
      [{ serialPrefix: 'S-', model: 'M7' }, ['S-0002']],
      [{ serialPrefix: 'S_' }, []],
      [{ model: 'M7', lotId: LOTS.b }, []],
    ] as [DeviceQuery, string[]][])('is narrowed down by %j', async (query, expected) => {
      await device(1);
      await device(2, { model: 'M7' });
      await device(3, { lotId: LOTS.b });
      await device(4, { provisioning: 'planned' });
      await device(5, { enrollment: 'quarantined' });
      await device(6, { mark: 'counter-ran-back' });
      await device(7, { firmware: '2.0' });
      await device(8, { firmware: '2.0', isCancelled: 1 });
      await device(10);
      await device(11);
      expect(await serials(query)).toEqual(expected);
    });

    it('gives the same escrow state to a filter, to the counts and to model/escrow.ts', async () => {
      const expected = new Map<string, EscrowState>();
      const offered: string[] = [];
      let index = 0;
      for (const isCancelled of [0, 1] as const) {
        for (const hasOpenItem of [false, true]) {
          for (const custodyStep of [0, 1, 2]) {
            for (const configStep of [null, 0, 1, 2]) {
              for (const ackStep of [null, 0, 1, 2]) {
                const facts = { custodyStep, configStep, ackStep };
                const id = await device(index++, facts);
                if (hasOpenItem) offered.push(id);
                const state = escrowState({
                  ...{ isCancelled: isCancelled === 1, hasOpenItem, custodyStep },
                  configuredStep: configStep ?? undefined,
                  acknowledgedStep: ackStep ?? undefined,
                });
                expected.set(id, state);
              }
            }
          }
        }
        if (isCancelled === 0) continue;
        await offer(offered);
        const later = [...expected.keys()].slice(expected.size / 2);
        await change(({ db }) =>
          db.updateTable('devices').set({ isCancelled }).where('id', 'in', later).execute(),
        );
      }
      const all = await list({}, 1_000);
      expect(new Map(all.map((one) => [one.id, escrowOf(one)]))).toEqual(expected);
      const counts = await countEscrow(store.reader, { accountId, query: {} });
      for (const state of ESCROW_STATES) {
        const found = await list({ escrow: state }, 1_000);
        expect(found.length).toBeGreaterThan(0);
        expect([state, new Set(found.map(({ id }) => id))]).toEqual([
          state,
          new Set([...expected].filter(([, one]) => one === state).map(([id]) => id)),
        ]);
        expect(counts[state]).toBe(found.length);
      }
    });

    it('is shown by id, endpoint key and serial, and to its own account alone', async () => {
      const id = await device(1);
      const { endpointKey: key } = await show(id);
      for (const one of [id, key, 'S-0001']) expect((await show(one)).id).toBe(id);
      accountId = (await newAccount()).id;
      for (const one of [id, key, 'S-0001', 'dv_none', '']) {
        await expect(show(one)).rejects.toMatchObject({ code: 'object-unknown' });
      }
    });

    it.each(['quarantined', 'retired', 'failed'] as const)(
      'ends the sessions of a device that is %s, and no other’s, for good',
      async (move) => {
        const [id, other] = [await device(1), await device(2)];
        const tokens = await change((c) =>
          Promise.all(
            [id, other].map(
              async (deviceId) => (await issueToken(c, { accountId, deviceId })).token,
            ),
          ),
        );
        await change((c) => moveDevice(c, { accountId, id }, move));
        if (move === 'quarantined')
          await change((c) => moveDevice(c, { accountId, id }, 'rejoined'));
        const at = clock.now().toISOString();
        const callers = await Promise.all(
          tokens.map((token) => findCaller(store.reader, token, at)),
        );
        expect(callers).toMatchObject([undefined, { deviceId: other }]);
      },
    );

    it('tells of one device what the feed has of it', async () => {
      const [id] = [await device(1), await device(2)];
      await change((c) => moveDevice(c, { accountId, id }, 'quarantined'));
      const asked = { after: 0, limit: 10, subject: id };
      const events = await eventsAfter(store.reader, accountId, asked);
      expect(events.map(({ type }) => type)).toEqual(['device.registered', 'device.quarantined']);
    });

    describe('escrow', () => {
      const cancel = async (id: string, isCancelled = true): Promise<FleetDevice> => {
        const { version } = await show(id);
        return await change((c) => setCancelled(c, { accountId, id, version }, isCancelled));
      };

      it('is left and entered again, once each, with an event', async () => {
        const id = await device(1);
        const before = await lastEvent(store.reader, accountId);
        expect(escrowOf(await cancel(id))).toBe('cancelled');
        expect((await cancel(id)).version).toBe(2);
        await expect(offer([id])).rejects.toMatchObject({ code: 'state-conflict' });
        expect(escrowOf(await cancel(id, false))).toBe('waiting');
        expect((await cancel(id, false)).version).toBe(3);
        const events = await eventsAfter(store.reader, accountId, { after: before, limit: 9 });
        expect(events.map(({ type }) => type)).toEqual([
          'device.escrow-cancelled',
          'device.escrow-restored',
        ]);
        expect(await checkAudit(store.reader, accountId)).toMatchObject({ entries: before + 2 });
      });

      it.each([
        ['offered', {}],
        ['active', { configStep: 0, ackStep: 0 }],
        ['waiting', { enrollment: 'retired' }],
      ] as [string, Partial<DeviceTable>][])(
        'is not left by one that is %s with %j',
        async (state, facts) => {
          const id = await device(1, facts);
          if (state === 'offered') await offer([id]);
          await expect(cancel(id)).rejects.toMatchObject({ code: 'state-conflict' });
          expect((await show(id)).isCancelled).toBe(0);
        },
      );

      it('is decided by one of two who saw the same version', async () => {
        const where = { accountId, id: await device(1), version: 1 };
        const both = await Promise.allSettled([
          change((c) => setCancelled(c, where, true)),
          change((c) => moveDevice(c, where, 'quarantined')),
        ]);
        expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      });

      it('holds a device back that was cancelled while it was offered', async () => {
        const [held, fine] = [await device(1), await device(2)];
        const { id: destinationId, handle } = await newAccount();
        const { transfer } = await change((c) =>
          requestTransfer(c, {
            ...{ sourceAccountId: accountId, to: handle, devices: { ids: [held, fine] } },
            ...{ includePlanned: false, expiresAt: '2026-04-01T00:00:00.000Z' },
          }),
        );
        // As by another process at the same moment: neither saw the other.
        await change(({ db }) =>
          db.updateTable('devices').set({ isCancelled: 1 }).where('id', '=', held).execute(),
        );
        await change(async (c) => {
          const party = { accountId: destinationId, as: 'destination' } as const;
          const decision = { move: 'accepted', except: [], opposite: 'refused' } as const;
          const locked = await lockTransfer(c, party, transfer.id);
          return await decideWhole(c, locked, { ...decision, reason: null });
        });
        expect(await serials({})).toEqual(['S-0001']);
        accountId = destinationId;
        expect(await serials({})).toEqual(['S-0002']);
        expect(await custodyOf(store.reader, fine)).toMatchObject([{ step: 1, to: handle }]);
      });
    });

    it('of many stretches is read whole and in order, however few devices fit', async () => {
      const rows = Array.from({ length: 10_500 }, (_, n) => n);
      await change(async ({ db }) => {
        for (let from = 0; from < rows.length; from += 500) {
          const part = rows.slice(from, from + 500);
          const id = (n: number): string => `dv_${accountId.slice(3, 17)}${String(n)}`;
          await db
            .insertInto('devices')
            .values(
              part.map((n) => ({
                ...{ id: id(n), accountId, serial: `T-${String(n).padStart(6, '0')}` },
                ...{ lotId: accountId, lotIndex: n, provisioning: 'verified' as const },
                ...{ enrollment: 'pending' as const, isCancelled: 0 as const, custodyStep: 0 },
                ...{ model: n % 4_000 === 3_999 ? 'rare' : null, createdAt: 'then', version: 1 },
                ...NOTHING,
              })),
            )
            .execute();
          await db
            .insertInto('credentials')
            .values(
              part.map((n) => ({
                ...{ provisioningKey: 'kp_one', endpointKey: `ek_${id(n)}`, deviceId: id(n) },
                ...{ scheme: 'psk', isActive: 1 as const },
              })),
            )
            .execute();
        }
      });
      for (const query of [{}, { lotId: accountId }]) {
        const seen: number[] = [];
        for await (const batch of scanDevices(
          store.reader,
          { accountId, query },
          { batch: 1_000 },
        )) {
          expect(batch.length).toBeLessThanOrEqual(1_000);
          seen.push(...batch.map(({ lotIndex }) => lotIndex));
        }
        expect(seen).toEqual(rows);
      }
      const rare = await list({ model: 'rare' });
      expect(rare.map(({ lotIndex }) => lotIndex)).toEqual([3_999, 7_999]);
      const counts = await countEscrow(store.reader, { accountId, query: {} });
      expect(counts.waiting).toBe(10_500);
    }, 60_000);
  });
}

const NOTHING = {
  ...{ uploadId: null, hardwareId: null, claimDigest: null, attributes: null, mark: null },
  ...{ configStep: null, configVersion: null, ackStep: null, ackVersion: null, ackDigest: null },
  ...{ counter: null, firmware: null, lastSeenAt: null },
};
