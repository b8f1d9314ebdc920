import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { walkChain } from '../../src/custody/chain.ts';
import { endpointKeyOf } from '../../src/model/ids.ts';
import { completeChain } from '../../src/service/keys/custody-chain.ts';
import { MasterKey } from '../../src/service/keys/master-key.ts';
import { stateOf } from '../../src/service/routes/device-state.ts';
import type { DeviceState } from '../../src/service/routes/device-state.ts';
import { createAccount } from '../../src/service/store/accounts.ts';
import { findDeviceById } from '../../src/service/store/check-in.ts';
import { putTemplate } from '../../src/service/store/config-templates.ts';
import { registerDevice } from '../../src/service/store/devices.ts';
import type { Change, Store } from '../../src/service/store/store.ts';
import { decideWhole, lockTransfer } from '../../src/service/store/transfer-decision.ts';
import { requestTransfer } from '../../src/service/store/transfers.ts';
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

    it('signs each statement and each version once, however many ask at once', async () => {
      const [oem, reseller, customer] = await accounts();
      const maker = await change((c) => makeLot(c, masterKey, oem.id));
      const { id, endpointKey } = await register(maker);
      await give(id, oem, reseller);
      await give(id, reseller, customer);
      const body = { trustAnchors: [], values: {} };
      const template = { accountId: customer.id, name: 'default', after: 0 };
      await change((c) => putTemplate(c, template, body));
      const asked = await Promise.all(
        Array.from({ length: 16 }, (_, n) => state(subject.stores[n % subject.stores.length], id)),
      );
      expect(new Set(asked.map((given) => JSON.stringify(given))).size).toBe(1);
      expect(asked[0]).toMatchObject({ mode: 'normal', config: { step: 2, version: 1 } });
      const { provisioningKey, trustAnchor } = maker;
      const device = { deviceId: id, provisioningKey, endpointKey };
      const chain = await change((c) => completeChain(c, masterKey, device));
      const { manufacturer, statements } = chain ?? { manufacturer: trustAnchor, statements: [] };
      const custody = { provisioningKey, endpointKey, trustAnchor };
      expect(walkChain(custody, manufacturer, statements).step).toBe(2);
    });

    async function state(at: Store | undefined, id: string): Promise<DeviceState | undefined> {
      const device = at && (await findDeviceById(at.reader, id));
      return device && (await stateOf({ store: at, masterKey }, device));
    }

    async function accounts(): Promise<[Party, Party, Party]> {
      const make = (handle: string) =>
        change((c) => createAccount(c, { handle, name: handle, kind: 'oem' }));
      return [await make('oem'), await make('reseller'), await make('customer')];
    }

    async function register({ accountId, lotId, provisioningKey }: TestMaker) {
      const endpointKey = endpointKeyOf(new Uint8Array(16).fill(7));
      const made = await change((c) =>
        registerDevice(c, {
          ...{ accountId, lotId, lotIndex: 1, provisioningKey, endpointKey, scheme: 'psk' },
          ...{ serial: 'ACME-1', provisioning: 'verified' },
        }),
      );
      if (made.outcome === 'conflict') throw new Error('the device is in conflict');
      return { id: made.device.id, endpointKey };
    }

    async function give(id: string, from: Party, to: Party): Promise<void> {
      const { transfer } = await change((c) =>
        requestTransfer(c, {
          ...{ sourceAccountId: from.id, to: to.handle, includePlanned: false },
          ...{ devices: { ids: [id] }, expiresAt: '2099-01-01T00:00:00.000Z' },
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
