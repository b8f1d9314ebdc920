import { randomBytes } from 'node:crypto';
import { toBase64Url } from '../../src/kernel/bytes.ts';
import { commit } from '../../src/model/hierarchy.ts';
import { endpointKeyOf } from '../../src/model/ids.ts';
import { putTemplate } from '../../src/service/store/config-templates.ts';
import { registerDevice } from '../../src/service/store/devices.ts';
import type { Change } from '../../src/service/store/store.ts';
import { requestTransfer } from '../../src/service/store/request-transfer.ts';
import { makeLot } from '../service/escrow-rig.ts';
import type { TestMaker } from '../service/escrow-rig.ts';
import type { Member, Served, ServedRegistry } from './served-registry.ts';

const ORIGIN = { actor: 'registry' } as const;

/** A device in escrow mode that was offered to its next owner. */
export interface OfferedDevice {
  readonly id: string;
  readonly transferId: string;
  /** What it proves itself with. */
  readonly authorization: string;
}

/** A maker with a lot, and a customer with a template: every device that it accepts is configured. */
export class Market {
  readonly registry: ServedRegistry;
  readonly maker: Member;
  readonly customer: Member;
  readonly #lot: TestMaker;
  #devices = 0;

  private constructor(registry: ServedRegistry, parties: readonly [Member, Member, TestMaker]) {
    this.registry = registry;
    [this.maker, this.customer, this.#lot] = parties;
  }

  static async open(registry: ServedRegistry): Promise<Market> {
    const { store, masterKey } = registry;
    const maker = await registry.member(['account-admin']);
    const customer = await registry.member(['customer-admin', 'auditor']);
    const lot = await store.change(ORIGIN, (c) => makeLot(c, masterKey, maker.accountId));
    const template = { accountId: customer.accountId, name: 'default', after: 0 };
    const body = { trustAnchors: [], values: {} };
    await store.change(ORIGIN, (c) => putTemplate(c, template, body));
    return new Market(registry, [maker, customer, lot]);
  }

  /** Registers one more device and offers it to the customer. */
  offer(): Promise<OfferedDevice> {
    const secret = Uint8Array.from(randomBytes(32));
    const { accountId, lotId, provisioningKey } = this.#lot;
    const endpointKey = endpointKeyOf(commit(provisioningKey, secret));
    const lotIndex = this.#devices++;
    const text = `${endpointKey}:es_${toBase64Url(secret)}`;
    return this.registry.store.change(ORIGIN, async (change: Change) => {
      const made = await registerDevice(change, {
        ...{ accountId, lotId, lotIndex, provisioningKey, endpointKey, scheme: 'psk' },
        ...{ serial: `ACME-${lotIndex}`, provisioning: 'verified' },
      });
      if (made.outcome === 'conflict') throw new Error('the device is in conflict');
      const { id } = made.device;
      const { transfer } = await requestTransfer(change, {
        ...{ sourceAccountId: accountId, to: this.customer.handle, includePlanned: false },
        ...{ devices: { ids: [id] }, expiresAt: '2999-01-01T00:00:00.000Z' },
      });
      const authorization = `Basic ${Buffer.from(text).toString('base64')}`;
      return { id, transferId: transfer.id, authorization };
    });
  }
}

/** The device's token, from whichever process it asks. */
export async function proveDevice({ url }: Served, device: OfferedDevice): Promise<string> {
  const { authorization } = device;
  const request = { method: 'POST', headers: { authorization } };
  const response = await fetch(`${url}/v1/device/session`, request);
  return ((await response.json()) as { accessToken: string }).accessToken;
}
