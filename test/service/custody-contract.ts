import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { walkChain } from '../../src/custody/chain.ts';
import { endpointKeyOf } from '../../src/model/ids.ts';
import { completeChains } from '../../src/service/keys/custody-chain.ts';
import type { ChainedDevice } from '../../src/service/keys/custody-chain.ts';
import { MasterKey } from '../../src/service/keys/master-key.ts';
import { OpenedKeys } from '../../src/service/keys/opened-keys.ts';
import { statesOf } from '../../src/service/routes/device-state.ts';
import type { DeviceState } from '../../src/service/routes/device-state.ts';
import { createAccount } from '../../src/service/store/accounts.ts';
import { putTemplate } from '../../src/service/store/config-templates.ts';
import { registerDevice } from '../../src/service/store/devices.ts';
import type { Change, Store } from '../../src/service/store/store.ts';
import { decideWhole, lockTransfer } from '../../src/service/store/transfer-decision.ts';
import { requestTransfer } from '../../src/service/store/request-transfer.ts';
import { makeLot } from './escrow-rig.ts';
import type { TestMaker } from './escrow-rig.ts';

/** One registry, as any number of processes see it. */
export interface CustodySubject extends AsyncDisposable {
  readonly stores: readonly Store[];
}

/** What every database keeps of custody when processes sign at once: one suite, run on each. */
export function custodyContract(name: string, open: () => Promise<CustodySubject>): void {
  describe(`custody on ${name}`, () => {
    const { key: masterKey } = MasterKey.generate();
    let subject: CustodySubject;
    let store: Store;
    const change = <T>(work: (change: Change) => Promise<T>): Promise<T> =>
      store.change({ actor: 'registry' }, work);

    beforeAll(async () => {
      subject = await open();
      [store] = subject.stores as [Store];
    });
    afterAll(() => subject[Symbol.asyncDispose]());

    it('signs each statement and each version once, however many ask at once for some of the devices', async () => {
      const [oem, reseller, customer] = await accounts();
      const maker = await change((c) => makeLot(c, masterKey, oem.id));
      const devices = await register(maker, 12);
      const ids = devices.map(({ deviceId }) => deviceId);
      await give(ids, oem, reseller);
      await give(ids, reseller, customer);
      const body = { trustAnchors: [], values: {} };
      const template = { accountId: customer.id, name: 'default', after: 0 };
      await change((c) => putTemplate(c, template, body));
      const asked = await Promise.all(
        Array.from({ length: 16 }, (_, n) => {
          const some = [...ids.slice(n % 6), ...ids.slice(0, n % 3)];
          const order = n % 2 === 0 ? some : some.reverse();
          return states(subject.stores[n % subject.stores.length] ?? store, order);
        }),
      );
      const { provisioningKey, trustAnchor } = maker;
      const chains = await change((c) => completeChains(c, new OpenedKeys(c, masterKey), devices));
      for (const { deviceId, endpointKey } of devices) {
        const given = asked.flatMap((answers) => answers.get(deviceId) ?? []);
        expect(new Set(given.map((one) => JSON.stringify(one))).size).toBe(1);
        expect(given[0]).toMatchObject({ mode: 'normal', config: { step: 2, version: 1 } });
        const chain = chains.get(deviceId) ?? { manufacturer: trustAnchor, statements: [] };
        const custody = { provisioningKey, endpointKey, trustAnchor };
        expect(walkChain(custody, chain.manufacturer, chain.statements).step).toBe(2);
      }
      const signed = await store.reader.selectFrom('configurations').select('deviceId').execute();
      expect(signed).toHaveLength(devices.length);
    });

    async function states(
      at: Store,
      ids: readonly string[],
    ): Promise<ReadonlyMap<string, DeviceState>> {
      const query = at.reader.selectFrom('devices').selectAll().where('id', 'in', ids);
      return await statesOf({ store: at, masterKey }, await query.execute());
    }

    async function accounts(): Promise<[Party, Party, Party]> {
      const make = (handle: string) =>
        change((c) => createAccount(c, { handle, name: handle, kind: 'oem' }));
      return [await make('oem'), await make('reseller'), await make('customer')];
    }

    async function register(
      { accountId, lotId, provisioningKey }: TestMaker,
      count: number,
    ): Promise<ChainedDevice[]> {
      const devices: ChainedDevice[] = [];
      for (let lotIndex = 0; lotIndex < count; lotIndex++) {
        const endpointKey = endpointKeyOf(new Uint8Array(16).fill(lotIndex));
        const made = await change((c) =>
          registerDevice(c, {
            ...{ accountId, lotId, lotIndex, provisioningKey, endpointKey, scheme: 'psk' },
            ...{ serial: `ACME-${lotIndex}`, provisioning: 'verified' },
          }),
        );
        if (made.outcome === 'conflict') throw new Error('the device is in conflict');
        devices.push({ deviceId: made.device.id, provisioningKey, endpointKey });
      }
      return devices;
    }

    async function give(ids: readonly string[], from: Party, to: Party): Promise<void> {
      const { transfer } = await change((c) =>
        requestTransfer(c, {
          ...{ sourceAccountId: from.id, to: to.handle, includePlanned: false },
          ...{ devices: { ids }, expiresAt: '2099-01-01T00:00:00.000Z' },
        }),
      );
      const by = { accountId: to.id, as: 'destination' } as const;
      const decision = { move: 'accepted', except: [], opposite: 'refused', reason: null } as const;
      await change(async (c) => decideWhole(c, await lockTransfer(c, by, transfer.id), decision));
    }
  });
}

interface Party {
  readonly id: string;
  readonly handle: string;
}
