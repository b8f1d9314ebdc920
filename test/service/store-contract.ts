import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/kernel/clock.ts';
import { createAccount, changeAccount, findAccount } from '../../src/service/store/accounts.ts';
import { beginEpoch, currentEpoch } from '../../src/service/store/epoch.ts';
import { checkAudit, eventsAfter, lastEvent } from '../../src/service/store/feed.ts';
import { keepAnswer, removeExpired, takeKey } from '../../src/service/store/idempotency.ts';
import { findByEndpointKey, moveDevice, registerDevice } from '../../src/service/store/devices.ts';
import type { NewDevice } from '../../src/service/store/devices.ts';
import * as operations from '../../src/service/store/operations.ts';
import { newId } from '../../src/service/store/new-id.ts';
import type { Change, Store } from '../../src/service/store/store.ts';

/** A database of its own, which can be opened again as it is, even while it is open. */
export interface StoreSubject {
  readonly store: Store;
  /** The same database through another process's eyes; undefined where one process has it alone. */
  readonly other?: Store | undefined;
  reopen(options: { readonly create: boolean }): Promise<Store>;
}

/** A clock that a test moves. */
export class TestClock implements Clock {
  ms = Date.parse('2026-03-01T08:00:00.000Z');
  now(): Date {
    return new Date(this.ms);
  }
}

const ORIGIN = { actor: 'registry' } as const;
const NO_DEVICE = `dv_${'0'.repeat(26)}`;

/** What every database of the registry keeps: one suite, run on each. */
export function storeContract(
  name: string,
  open: (clock: Clock) => Promise<StoreSubject & AsyncDisposable>,
): void {
  describe(`the store on ${name}`, () => {
    const clock = new TestClock();
    let subject: StoreSubject & AsyncDisposable;
    let store: Store;
    let accountId: string;
    let handles = 0;

    const change = <T>(work: (change: Change) => Promise<T>): Promise<T> =>
      store.change(ORIGIN, work);
    const newAccount = (): Promise<string> =>
      change(async (c) => {
        const wanted = { handle: `acme-${handles++}`, name: 'Acme', kind: 'oem' } as const;
        return (await createAccount(c, wanted)).id;
      });
    const device = (index: number, more: Partial<NewDevice> = {}): NewDevice => ({
      accountId,
      serial: `ACME-${index}`,
      lotId: 'kl_lot',
      lotIndex: index,
      provisioningKey: 'kp_one',
      endpointKey: `ek_${accountId}_${index}`,
      scheme: 'psk',
      provisioning: 'verified',
      ...more,
    });
    const register = (wanted: NewDevice): ReturnType<typeof registerDevice> =>
      change((c) => registerDevice(c, wanted));
    const registered = async (wanted: NewDevice): Promise<string> => {
      const result = await register(wanted);
      if (result.outcome === 'conflict') throw new Error('a conflict');
      return result.device.id;
    };

    beforeAll(async () => {
      subject = await open(clock);
      store = subject.store;
    });
    afterAll(() => subject[Symbol.asyncDispose]());
    beforeEach(async () => {
      accountId = await newAccount();
    });

    describe('a change', () => {
      it('leaves nothing when its work fails', async () => {
        const failing = change(async (c) => {
          await registerDevice(c, device(1));
          throw new Error('stop');
        });
        await expect(failing).rejects.toThrow('stop');
        expect(await findByEndpointKey(store.reader, device(1).endpointKey)).toEqual([]);
        expect(await lastEvent(store.reader, accountId)).toBe(1);
      });

      it('does not happen when its audit entry cannot be written', async () => {
        const stray = change(async (c) => {
          await registerDevice(c, device(1));
          c.record({ accountId: 'ac_nobody', type: 'device.lost', subject: NO_DEVICE });
        });
        await expect(stray).rejects.toThrow();
        expect(await findByEndpointKey(store.reader, device(1).endpointKey)).toEqual([]);
      });

      it('is seen by a reader only when it is done', async () => {
        await change(async (c) => {
          await registerDevice(c, device(1));
          expect(await findByEndpointKey(store.reader, device(1).endpointKey)).toEqual([]);
        });
        expect(await findByEndpointKey(store.reader, device(1).endpointKey)).toHaveLength(1);
      });

      it('numbers the events of fifty at once in order and without gaps, each in the audit chain', async () => {
        await Promise.all(Array.from({ length: 50 }, (_, n) => register(device(n))));
        const events = await eventsAfter(store.reader, accountId, { after: 0, limit: 100 });
        expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 51 }, (_, n) => n + 1));
        expect(new Set(events.map((event) => event.subject)).size).toBe(51);
        expect(await checkAudit(store.reader, accountId)).toMatchObject({ entries: 51 });
      });

      it('wakes whoever waits for its account and subject, after the commit', async () => {
        const heard = new Set<string | undefined>();
        const watched = subject.other ?? store;
        const both = new Promise<void>((resolve) => {
          watched.watch((id) => {
            heard.add(id);
            if (heard.has(accountId) && [...heard].some((one) => one?.startsWith('dv_'))) resolve();
          });
        });
        const id = await registered(device(1));
        await both;
        expect(heard).toContain(id);
      });

      it('keeps what only an auditor is told out of the feed', async () => {
        await change((c) => {
          c.record({ accountId, type: 'login.failed', subject: accountId, auditOnly: true });
          return Promise.resolve();
        });
        expect(await lastEvent(store.reader, accountId)).toBe(1);
        expect(await checkAudit(store.reader, accountId)).toMatchObject({ entries: 2 });
      });
    });

    describe('the audit chain', () => {
      it.each(['altered', 'removed', 'cut off'])('tells that an entry was %s', async (how) => {
        for (let n = 0; n < 3; n++) await register(device(n));
        await change(async ({ db }) => {
          const seq = how === 'cut off' ? 4 : 2;
          if (how === 'altered') {
            await db
              .updateTable('audit')
              .set({ body: '{}' })
              .where('accountId', '=', accountId)
              .where('seq', '=', seq)
              .execute();
          } else {
            await db
              .deleteFrom('audit')
              .where('accountId', '=', accountId)
              .where('seq', '=', seq)
              .execute();
          }
        });
        const check = await checkAudit(store.reader, accountId);
        expect(check).toHaveProperty('brokenAt', how === 'cut off' ? 4 : 2);
      });

      it('is SHA-256 over the entry before and canonical JSON', async () => {
        const [entry] = await store.reader
          .selectFrom('audit')
          .selectAll()
          .where('accountId', '=', accountId)
          .execute();
        const text = `{"actor":"registry","at":"${clock.now().toISOString()}","data":{"kind":"oem"},"seq":1,"subject":"${accountId}","type":"account.created"}`;
        expect(entry?.body).toBe(text);
        const hash = createHash('sha256').update('keyline/v1 audit\0').update(Buffer.alloc(32));
        expect(Buffer.from(entry?.hash ?? [])).toEqual(hash.update(text).digest());
      });
    });

    describe('an account', () => {
      it('has a handle that no other has', async () => {
        const handle = (await findAccount(store.reader, accountId))?.handle ?? '';
        const again = change((c) => createAccount(c, { handle, name: 'B', kind: 'customer' }));
        await expect(again).rejects.toMatchObject({ code: 'name-taken' });
      });

      it('is changed by one of two who saw the same version', async () => {
        const seen = { id: accountId, version: 1 };
        const changed = await change((c) => changeAccount(c, seen, { name: 'first' }));
        expect(changed).toMatchObject({ name: 'first', version: 2 });
        const second = change((c) => changeAccount(c, seen, { name: 'second' }));
        await expect(second).rejects.toMatchObject({ code: 'precondition-failed' });
        expect(await findAccount(store.reader, accountId)).toMatchObject({ name: 'first' });
      });
    });

    describe('a device', () => {
      it('is created once, and unchanged when the same is said again', async () => {
        const first = await register(device(1));
        const again = await register(device(1));
        expect([first.outcome, again.outcome]).toEqual(['created', 'unchanged']);
        expect(await lastEvent(store.reader, accountId)).toBe(2);
      });

      it('is one, however many say the same at once', async () => {
        const all = await Promise.all(Array.from({ length: 12 }, () => register(device(1))));
        const outcomes = all.map(({ outcome }) => outcome).sort();
        expect(outcomes).toEqual(['created', ...Array.from({ length: 11 }, () => 'unchanged')]);
        expect(await findByEndpointKey(store.reader, device(1).endpointKey)).toHaveLength(1);
      });

      it.each([
        ['another serial', { serial: 'ACME-9' }],
        ['another lot index', { lotIndex: 9 }],
        ['another model', { model: 'M8' }],
        ['another claim digest', { claimDigest: 'ff' }],
      ])('conflicts with one of the same credential and %s', async (_, more) => {
        await register(device(1, { model: 'M7', claimDigest: '00' }));
        const report = device(1, { model: 'M7', claimDigest: '00', ...more });
        expect(await register(report)).toEqual({ outcome: 'conflict' });
      });

      it('conflicts with one of the same serial and another credential', async () => {
        await register(device(1));
        const report = device(1, { endpointKey: 'ek_other' });
        expect(await register(report)).toEqual({ outcome: 'conflict' });
        expect(await findByEndpointKey(store.reader, 'ek_other')).toEqual([]);
      });

      it('conflicts with another account’s of the same credential, and shares serials with it', async () => {
        await register(device(1));
        const other = await newAccount();
        expect(await register(device(1, { accountId: other }))).toEqual({ outcome: 'conflict' });
        const own = device(1, { accountId: other, endpointKey: `ek_${other}` });
        expect(await register(own)).toMatchObject({ outcome: 'created' });
      });

      it('may have an endpoint key that another provisioning key gave too', async () => {
        await register(device(1));
        const { endpointKey } = device(1);
        await register(device(2, { provisioningKey: 'kp_two', endpointKey }));
        const found = await findByEndpointKey(store.reader, endpointKey);
        expect(found.map(({ provisioningKey }) => provisioningKey).sort()).toEqual([
          'kp_one',
          'kp_two',
        ]);
      });

      it('that was planned becomes verified when it was built, and keeps its hardware id', async () => {
        await register(device(1, { provisioning: 'planned' }));
        const built = await register(device(1, { hardwareId: 'A0B1' }));
        expect(built).toMatchObject({
          outcome: 'unchanged',
          device: { provisioning: 'verified', hardwareId: 'A0B1' },
        });
        expect((await register(device(1, { hardwareId: 'FFFF' }))).outcome).toBe('conflict');
      });

      it('of an upload that is not committed yet is seen from its own report on', async () => {
        const planned = device(1, { provisioning: 'planned' });
        const id = await registered(planned);
        const hide = { uploadId: 'up_late' };
        await change((c) =>
          c.db.updateTable('devices').set(hide).where('id', '=', id).executeTakeFirst(),
        );
        expect(await findByEndpointKey(store.reader, planned.endpointKey)).toEqual([]);
        expect(await register(device(1))).toMatchObject({
          outcome: 'created',
          device: { id, provisioning: 'verified', uploadId: null },
        });
        expect(await findByEndpointKey(store.reader, planned.endpointKey)).toHaveLength(1);
        expect((await register(device(1))).outcome).toBe('unchanged');
      });

      it('moves as the model allows, and is recorded once for each move', async () => {
        const id = await registered(device(1));
        const where = { accountId, id };
        await change((c) => moveDevice(c, where, 'proved'));
        await change((c) => moveDevice(c, where, 'proved'));
        const moved = await change((c) => moveDevice(c, where, 'quarantined'));
        expect(moved).toMatchObject({ enrollment: 'quarantined', version: 3 });
        const again = change((c) => moveDevice(c, where, 'proved'));
        await expect(again).rejects.toMatchObject({ code: 'state-conflict' });
        const events = await eventsAfter(store.reader, accountId, { after: 2, limit: 9 });
        expect(events.map(({ type }) => type)).toEqual(['device.proved', 'device.quarantined']);
      });

      it('moves by one of two who saw the same version', async () => {
        const id = await registered(device(1));
        const where = { accountId, id, version: 1 };
        const both = await Promise.allSettled([
          change((c) => moveDevice(c, where, 'quarantined')),
          change((c) => moveDevice(c, where, 'retired')),
        ]);
        expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      });

      it('is not there for another account', async () => {
        const id = await registered(device(1));
        const foreign = { accountId: await newAccount(), id };
        const moving = change((c) => moveDevice(c, foreign, 'retired'));
        await expect(moving).rejects.toMatchObject({ code: 'object-unknown' });
      });

      it('has one active credential', async () => {
        const id = await registered(device(1));
        const credential = { provisioningKey: 'kp_one', deviceId: id, scheme: 'psk' };
        const insert = (isActive: 0 | 1): Promise<unknown> =>
          change(({ db }) =>
            db
              .insertInto('credentials')
              .values({ ...credential, endpointKey: `ek_${id}`, isActive })
              .execute(),
          );
        await expect(insert(1)).rejects.toThrow();
        await insert(0);
      });

      it('is in one open transfer item', async () => {
        const deviceId = await registered(device(1));
        const destination = await newAccount();
        const offer = (state: 'offered' | 'refused'): Promise<unknown> =>
          change(async ({ db, at }) => {
            const id = newId('tr', at);
            const parties = { sourceAccountId: accountId, destinationAccountId: destination };
            const row = {
              state: 'open',
              items: 1,
              decision: null,
              isStanding: 0,
              note: null,
            } as const;
            const times = { expiresAt: at, createdAt: at };
            await db
              .insertInto('transfers')
              .values({ id, ...parties, ...row, ...times, version: 1 })
              .execute();
            await db
              .insertInto('transferItems')
              .values({ transferId: id, deviceId, state, reason: null, decidedAt: null })
              .execute();
          });
        await offer('offered');
        await expect(offer('offered')).rejects.toThrow();
        await offer('refused');
      });
    });

    describe('an idempotency key', () => {
      const request = { principalId: 'pr_one', request: 'aa' };
      const answer = { status: 201, headers: { etag: '"1"' }, body: '{"id":1}' };
      let key: string;
      let keys = 0;
      beforeEach(() => {
        key = `key-${keys++}`;
      });
      const ask = (more: { request?: string } = {}): Promise<unknown> =>
        change(async (c) => {
          const repeatable = { ...request, key, ...more };
          const stored = await takeKey(c, repeatable);
          if (stored) return stored;
          await keepAnswer(c, repeatable, answer);
          return 'new';
        });

      it('gives the stored answer to the same request', async () => {
        expect(await ask()).toBe('new');
        expect(await ask()).toEqual(answer);
      });

      it('is carried out once, however many ask at once', async () => {
        const all = await Promise.all(Array.from({ length: 8 }, () => ask()));
        expect(all.filter((one) => one === 'new')).toHaveLength(1);
      });

      it('refuses another request', async () => {
        await ask();
        await expect(ask({ request: 'bb' })).rejects.toMatchObject({
          code: 'idempotency-mismatch',
        });
      });

      it('is free again when the effect did not happen', async () => {
        const failing = change(async (c) => {
          await takeKey(c, { ...request, key });
          throw new Error('stop');
        });
        await expect(failing).rejects.toThrow('stop');
        expect(await ask()).toBe('new');
      });

      it('says that an answer with a secret was given', async () => {
        const give = (): Promise<unknown> => change((c) => takeKey(c, { ...request, key }));
        await give();
        await expect(give()).rejects.toMatchObject({ code: 'already-issued' });
      });

      it('is forgotten after seven days', async () => {
        await ask();
        const before = clock.ms;
        clock.ms += 7 * 24 * 3_600_000;
        try {
          expect(await ask()).toBe('new');
          clock.ms += 7 * 24 * 3_600_000;
          expect(await change((c) => removeExpired(c, 1_000))).toBeGreaterThan(0);
          expect(await ask()).toBe('new');
        } finally {
          clock.ms = before;
        }
      });
    });

    describe('an operation', () => {
      const kind = (): string => `test.${accountId}`;
      const create = (): Promise<operations.Operation> =>
        change((c) =>
          operations.createOperation(c, { accountId, kind: kind(), subject: accountId, total: 2 }),
        );
      const take = (): Promise<operations.Operation | undefined> =>
        change((c) => operations.takeOperation(c, kind()));

      it('is taken by one of many, and ends once', async () => {
        await create();
        const taken = (await Promise.all(Array.from({ length: 6 }, take))).filter((one) => one);
        expect(taken).toHaveLength(1);
        const [mine] = taken;
        if (!mine) throw new Error('nobody took it');
        const end = (): Promise<unknown> =>
          change((c) => operations.endOperation(c, mine, { result: { devices: 2 } }));
        expect(await end()).toMatchObject({ state: 'succeeded' });
        expect(await end()).toBeUndefined();
        expect(await take()).toBeUndefined();
      });

      it('is taken over when its process has been silent for half a minute, which then may not go on', async () => {
        await create();
        const first = await take();
        const before = clock.ms;
        clock.ms += 30_000;
        try {
          const second = await take();
          expect(second?.id).toBe(first?.id);
          if (!first || !second) throw new Error('nobody took it');
          const goOn = (one: operations.Operation): Promise<unknown> =>
            change((c) => operations.advanceOperation(c, one, 1));
          expect(await goOn(first)).toBeUndefined();
          expect(await goOn(second)).toMatchObject({ done: 1 });
        } finally {
          clock.ms = before;
        }
      });
    });

    describe('an operation that was given back', () => {
      it('is taken up again at once, but not by whoever lost it before', async () => {
        const kind = `test.given-back.${accountId}`;
        const wanted = { accountId, kind, subject: accountId, total: 2 };
        await change((c) => operations.createOperation(c, wanted));
        const take = () => change((c) => operations.takeOperation(c, kind));
        const release = (one: operations.Operation) =>
          change((c) => operations.releaseOperation(c, one));
        const first = await take();
        if (!first) throw new Error('nobody took it');
        expect(await take()).toBeUndefined();
        await release(first);
        const second = await take();
        expect(second?.id).toBe(first.id);
        // A late release by the first does not take it from the second.
        await release(first);
        expect(await take()).toBeUndefined();
      });
    });

    describe('operations of a process that is known to be dead', () => {
      it('are taken over at once, and it may not go on', async () => {
        const kind = `test.${accountId}`;
        const wanted = { accountId, kind, subject: accountId, total: 1 };
        await change((c) => operations.createOperation(c, wanted));
        const first = await change((c) => operations.takeOperation(c, kind));
        expect(await change((c) => operations.takeOperation(c, kind))).toBeUndefined();
        await change(operations.endLeases);
        const second = await change((c) => operations.takeOperation(c, kind));
        expect(second?.id).toBe(first?.id);
        if (!first) throw new Error('nobody took it');
        expect(await change((c) => operations.advanceOperation(c, first, 1))).toBeUndefined();
      });
    });

    describe('its database', () => {
      it('is the same one, of the same epoch, when it is opened again', async () => {
        await using again = await subject.reopen({ create: false });
        expect(await currentEpoch(again.reader)).toBe(await currentEpoch(store.reader));
        expect(await findAccount(again.reader, accountId)).toMatchObject({ id: accountId });
      });

      it('begins another epoch for every account and every process, and ends tokens', async () => {
        const other = await newAccount();
        const chain = await Promise.all(
          [accountId, other].map((id) => lastEvent(store.reader, id)),
        );
        await change(async (c) => {
          const row = { kind: 'device', accountId, deviceId: NO_DEVICE, createdAt: c.at } as const;
          const rest = { principalId: null, secretVersion: null, expiresAt: '2999' };
          await c.db
            .insertInto('sessions')
            .values({ ...row, ...rest, digest: 'of a token' })
            .execute();
        });
        const before = await currentEpoch(store.reader);
        const epoch = await change(beginEpoch);
        expect(epoch).not.toBe(before);
        await using again = await subject.reopen({ create: false });
        expect(await currentEpoch((subject.other ?? again).reader)).toBe(epoch);
        expect(await store.reader.selectFrom('sessions').selectAll().execute()).toEqual([]);
        for (const [n, id] of [accountId, other].entries()) {
          const after = chain[n] ?? 0;
          const events = await eventsAfter(store.reader, id, { after, limit: 10 });
          expect(events).toMatchObject([{ type: 'registry.restored', data: { epoch } }]);
          expect(await checkAudit(store.reader, id)).toHaveProperty('head');
        }
      });

      it('is refused where a later keyline made it', async () => {
        const set = (value: string): Promise<unknown> =>
          change(({ db }) =>
            db
              .updateTable('keylineRegistry')
              .set({ value })
              .where('name', '=', 'schemaVersion')
              .execute(),
          );
        const [{ value: known } = { value: '' }] = await store.reader
          .selectFrom('keylineRegistry')
          .select('value')
          .where('name', '=', 'schemaVersion')
          .execute();
        await set('999');
        try {
          const opening = subject.reopen({ create: false });
          await expect(opening).rejects.toMatchObject({ code: 'registry-newer' });
        } finally {
          await set(known);
        }
      });

      it('gives whole numbers as numbers, and text in the order of its code units', async () => {
        for (const [n, serial] of ['b', 'B', 'a', '_'].entries()) {
          await register(device(n, { serial }));
        }
        const rows = await store.reader
          .selectFrom('devices')
          .select(['serial', 'lotIndex'])
          .where('accountId', '=', accountId)
          .orderBy('serial')
          .execute();
        expect(rows.map((row) => row.serial)).toEqual(['B', '_', 'a', 'b']);
        expect(rows[0]?.lotIndex).toBe(1);
      });

      it('answers', async () => {
        await store.ping();
      });
    });
  });
}
