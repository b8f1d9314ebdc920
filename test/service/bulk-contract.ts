import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/kernel/clock.ts';
import { isPlainText } from '../../src/model/device-row.ts';
import type { DeviceRow } from '../../src/model/device-row.ts';
import { MasterKey } from '../../src/service/keys/master-key.ts';
import { createAccount } from '../../src/service/store/accounts.ts';
import { countEscrow, listDevices } from '../../src/service/store/device-query.ts';
import { findDevice, registerDevice } from '../../src/service/store/devices.ts';
import { registerRows } from '../../src/service/store/register-rows.ts';
import type { BulkContext, BulkOutcome } from '../../src/service/store/register-rows.ts';
import { settleOneDead, settleUpload } from '../../src/service/store/settle-upload.ts';
import type { Store } from '../../src/service/store/store.ts';
import { beginUpload, showUpload } from '../../src/service/store/uploads.ts';
import { makeLot } from './escrow-rig.ts';
import { TestClock } from './store-contract.ts';

const ORIGIN = { actor: 'registry' } as const;
/** More than one statement's. */
const MANY = 10_000;

/** What every database makes of rows that come by the thousand: one suite, run on each. */
export function bulkContract(
  name: string,
  open: (clock: Clock) => Promise<{ readonly store: Store } & AsyncDisposable>,
): void {
  describe(`rows of an upload on ${name}`, () => {
    let subject: { readonly store: Store } & AsyncDisposable;
    let store: Store;
    let lots = 0;
    const clock = new TestClock();

    /** An upload for a lot of its own, in a new account unless one is given. */
    const newContext = async (more: Partial<BulkContext> = {}): Promise<BulkContext> => {
      const n = lots++;
      const wanted = { handle: `acme-${n}`, name: 'Acme', kind: 'oem' } as const;
      const { id } = await store.change(ORIGIN, (c) => createAccount(c, wanted));
      return {
        ...{ accountId: id, lotId: `kl_${n}`, provisioningKey: `kp_${n}`, scheme: 'psk' },
        ...{ provisioning: 'planned', uploadId: `up_${n}`, ...more },
      };
    };
    const rows = (from: number, count: number): DeviceRow[] =>
      Array.from({ length: count }, (_, at) => row(from + at));
    const register = (context: BulkContext, given: readonly DeviceRow[]): Promise<BulkOutcome[]> =>
      store.change(ORIGIN, (change) => registerRows(change, context, given));
    const devicesOf = ({ accountId }: BulkContext) =>
      store.reader
        .selectFrom('devices')
        .innerJoin('credentials', 'credentials.deviceId', 'devices.id')
        .selectAll()
        .where('accountId', '=', accountId)
        .orderBy('lotIndex')
        .execute();

    beforeAll(async () => {
      subject = await open(clock);
      store = subject.store;
    });
    afterAll(() => subject[Symbol.asyncDispose]());

    it('become devices with one credential each, in the order of the rows', async () => {
      const context = await newContext();
      expect(new Set(await register(context, rows(0, MANY)))).toEqual(new Set(['created']));
      const made = await devicesOf(context);
      expect(made.map(({ endpointKey }) => endpointKey)).toEqual(
        rows(0, MANY).map(({ endpointKey }) => endpointKey),
      );
      const ids = made.map(({ id }) => id);
      expect(ids).toEqual(ids.toSorted());
      const { accountId, lotId, uploadId, scheme, provisioningKey } = context;
      expect(made[7]).toMatchObject({
        ...{ accountId, lotId, uploadId, scheme, provisioningKey, ...row(7), isActive: 1 },
        ...{ provisioning: 'planned', enrollment: 'pending', version: 1, custodyStep: 0 },
        ...{ model: null, hardwareId: null, claimDigest: null, attributes: null, mark: null },
      });
    });

    it('keep every text that a manifest can have', async () => {
      const text = fc.string({ unit: 'binary', maxLength: 12 }).filter(isPlainText);
      const odd = fc.constantFrom('\\N', '\\.', 'a\tb', '\r\n', '\\', '"', "'", '{}', '');
      const any = fc.oneof(text, odd);
      const given = fc.record({ hardwareId: any, model: any, attributes: any });
      await fc.assert(
        fc.asyncProperty(fc.array(given, { minLength: 1, maxLength: 20 }), async (values) => {
          const context = await newContext();
          await register(
            context,
            values.map((value, index) => ({ ...row(index), ...value })),
          );
          const made = await devicesOf(context);
          expect(made.map((d) => [d.hardwareId, d.model, d.attributes])).toEqual(
            values.map((value) => [value.hardwareId, value.model, value.attributes]),
          );
        }),
        { numRuns: 25 },
      );
    });

    it('are unchanged when they are there, wherever in the upload they stand', async () => {
      const context = await newContext();
      await register(context, [row(3), row(MANY - 1)]);
      await shown(context);
      const outcomes = await register({ ...context, uploadId: 'up_next' }, rows(0, MANY));
      expect(places(outcomes, 'unchanged')).toEqual([3, MANY - 1]);
      expect(places(outcomes, 'created')).toHaveLength(MANY - 2);
      expect(await devicesOf(context)).toHaveLength(MANY);
      expect(new Set(await register(context, rows(0, 100)))).not.toContain('conflict');
    });

    it('conflict with another account’s credential, and leave nothing of themselves', async () => {
      const theirs = await newContext();
      await register(theirs, [row(5)]);
      const { provisioningKey } = theirs;
      const context = await newContext({ provisioningKey });
      const outcomes = await register(context, rows(0, 100));
      expect(places(outcomes, 'conflict')).toEqual([5]);
      const made = await devicesOf(context);
      expect(made.map(({ lotIndex }) => lotIndex)).toEqual(
        rows(0, 100).flatMap(({ lotIndex }) => (lotIndex === 5 ? [] : [lotIndex])),
      );
      expect(await devicesOf(theirs)).toHaveLength(1);
    });

    it('conflict with one of the same serial that came before, in the same upload too', async () => {
      const context = await newContext();
      const twice = { ...row(1), lotIndex: 9, endpointKey: row(9).endpointKey };
      expect(await register(context, [row(1), row(2), twice])).toEqual([
        ...['created', 'created', 'conflict'],
      ]);
      expect(await devicesOf(context)).toHaveLength(2);
    });

    it('say the same when they are applied again', async () => {
      const context = await newContext();
      const first = await register(context, rows(0, 50));
      expect(await register(context, rows(0, 50))).toEqual(first);
      expect(await devicesOf(context)).toHaveLength(50);
    });

    it('are made once by two who come with them at once', async () => {
      const context = await newContext();
      const both = await Promise.all([
        register(context, rows(0, 500)),
        register({ ...context, uploadId: 'up_other' }, rows(0, 500)),
      ]);
      expect(both.flat()).not.toContain('conflict');
      expect(await devicesOf(context)).toHaveLength(500);
    });

    it('are all seen from one moment on, and lose their upload in batches, whoever dies meanwhile', async () => {
      const { key: masterKey } = MasterKey.generate();
      const { accountId } = await newContext();
      const { lotId, provisioningKey } = await store.change(ORIGIN, (c) =>
        makeLot(c, masterKey, accountId),
      );
      const begin = (sealDigest: string) =>
        store.change(ORIGIN, async (c) => {
          const wanted = { accountId, lotId, kind: 'planned', seal: '', parts: 1 } as const;
          return (await beginUpload(c, { ...wanted, sealDigest })).upload;
        });
      const [upload, other] = [await begin('one'), await begin('two')];
      const context = await newContext({ accountId, lotId, provisioningKey, uploadId: upload.id });
      await register(context, rows(0, MANY));
      const seen = async (): Promise<number> => {
        const scope = { accountId, query: {} };
        const counts = await countEscrow(store.reader, scope);
        expect((await listDevices(store.reader, scope, { limit: MANY })).length).toBe(
          counts.waiting,
        );
        return counts.waiting;
      };
      const hasUpload = async (): Promise<number> =>
        (await devicesOf(context)).filter(({ uploadId }) => uploadId !== null).length;
      expect(await seen()).toBe(0);

      await store.change(ORIGIN, (c) => showUpload(c, upload));
      expect([await seen(), await hasUpload()]).toEqual([MANY, MANY]);
      const [device] = await devicesOf(context);
      expect(await findDevice(store.reader, accountId, device?.id ?? '')).toMatchObject({ lotId });
      // Neither a second upload nor a single report takes what is seen for hidden.
      const again = { ...context, uploadId: other.id };
      expect(new Set(await register(again, rows(0, 10)))).toEqual(new Set(['unchanged']));
      const { serial, lotIndex, endpointKey } = row(0);
      const unit = { serial, lotIndex, endpointKey, provisioning: 'planned' } as const;
      const single = { ...context, ...unit };
      expect(await store.change(ORIGIN, (c) => registerDevice(c, single))).toMatchObject({
        outcome: 'unchanged',
      });

      const cut = new AbortController();
      const cutShort = Object.create(store, {
        change: {
          value: async (...work: Parameters<Store['change']>) => {
            const result = await store.change(...work);
            cut.abort();
            return result;
          },
        },
      }) as Store;
      await settleUpload(cutShort, upload, cut.signal);
      const left = await hasUpload();
      expect([left > 0, left < MANY, await seen()]).toEqual([true, true, MANY]);
      const never = new AbortController().signal;
      expect(await settleOneDead(store, never)).toBe(false);
      clock.ms += 10_000;
      expect(await settleOneDead(store, never)).toBe(true);
      expect([await hasUpload(), await seen()]).toEqual([0, MANY]);
      clock.ms += 10_000;
      expect(await settleOneDead(store, never)).toBe(false);
    });

    it('of an upload that was shown meanwhile are not taken over by another', async () => {
      const { key: masterKey } = MasterKey.generate();
      const { accountId } = await newContext();
      const lot = await store.change(ORIGIN, (c) => makeLot(c, masterKey, accountId));
      const { lotId, provisioningKey } = lot;
      const upload = await store.change(ORIGIN, async (c) => {
        const wanted = { accountId, lotId, kind: 'planned', seal: '', parts: 1 } as const;
        return (await beginUpload(c, { ...wanted, sealDigest: 'one' })).upload;
      });
      const context = await newContext({ accountId, lotId, provisioningKey, uploadId: upload.id });
      await register(context, rows(0, 100));
      await Promise.all([
        register({ ...context, uploadId: 'up_other' }, rows(0, 100)),
        store.change(ORIGIN, (c) => showUpload(c, upload)),
      ]);
      const owners = new Set((await devicesOf(context)).map(({ uploadId }) => uploadId));
      // Whoever was first: all are taken, or all are seen.
      expect(owners.size).toBe(1);
    });

    const shown = ({ uploadId }: BulkContext): Promise<unknown> =>
      store.change(ORIGIN, ({ db }) =>
        db
          .updateTable('devices')
          .set({ uploadId: null })
          .where('uploadId', '=', uploadId)
          .execute(),
      );
  });
}

function row(lotIndex: number): DeviceRow {
  return { serial: `ACME-${lotIndex}`, lotIndex, endpointKey: `ek_${lotIndex}` };
}

function places(outcomes: readonly BulkOutcome[], wanted: BulkOutcome): number[] {
  return outcomes.flatMap((outcome, at) => (outcome === wanted ? [at] : []));
}
