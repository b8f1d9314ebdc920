import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { sha256 } from '../../src/custody/chain.ts';
import type { CustodyDevice } from '../../src/custody/chain.ts';
import { acceptConfiguration } from '../../src/custody/configuration.ts';
import type { Configuration, HeldConfiguration } from '../../src/custody/configuration.ts';
import { parseDelivery } from '../../src/custody/delivery.ts';
import { signDeviceProof } from '../../src/custody/device-proof.ts';
import { signFirstStatement } from '../../src/custody/statement.ts';
import { toBase64Url, toHex } from '../../src/kernel/bytes.ts';
import { commit, provisioningKeyOfSeal, spkiOf } from '../../src/model/hierarchy.ts';
import { endpointKeyOf } from '../../src/model/ids.ts';
import type { EndpointKey, ProvisioningKey } from '../../src/model/ids.ts';
import { ensureOwnerKey } from '../../src/service/keys/owner-key.ts';
import { registerDevice } from '../../src/service/store/devices.ts';
import type { NewDevice } from '../../src/service/store/devices.ts';
import type { Change } from '../../src/service/store/store.ts';
import type { MasterKey } from '../../src/service/keys/master-key.ts';
import type { ServiceRig } from './rig.ts';

/** A provisioning key with its lot, as an account registers them, and what its maker keeps. */
export interface TestMaker {
  readonly accountId: string;
  readonly provisioningKey: ProvisioningKey;
  readonly lotId: string;
  readonly manufacturer: KeyObject;
  readonly trustAnchor: Uint8Array;
}

/** Registers a provisioning key with its first custody statement, and a lot of it. */
export async function makeLot(
  change: Change,
  masterKey: MasterKey,
  accountId: string,
): Promise<TestMaker> {
  const sealKey = spkiOf(generateKeyPairSync('ed25519').publicKey);
  const { privateKey: manufacturer } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const provisioningKey = provisioningKeyOfSeal(sealKey);
  const owner = await ensureOwnerKey(change, masterKey, accountId);
  const common = { accountId, createdAt: change.at, version: 1 } as const;
  await change.db
    .insertInto('provisioningKeys')
    .values({
      ...{ ...common, id: provisioningKey, label: null, isTest: 1, sealKey },
      manufacturerKey: spkiOf(manufacturer),
      delegation: signFirstStatement({ provisioningKey, owner }, manufacturer),
    })
    .execute();
  const lotId = `kl_${randomBytes(8).toString('hex')}`;
  const lot = { code: 'A1', model: null, scheme: 'psk', units: 1_000_000, descriptor: 'x' };
  await change.db
    .insertInto('lots')
    .values({ ...common, id: lotId, provisioningKey, ...lot })
    .execute();
  const trustAnchor = sha256(spkiOf(manufacturer));
  return { accountId, provisioningKey, lotId, manufacturer, trustAnchor };
}

/** A device with its credential and its trust anchor: it believes nothing that it has not verified. */
export class TestDevice {
  readonly endpointKey: EndpointKey;
  readonly custody: CustodyDevice;
  id = '';
  held: (HeldConfiguration & { readonly digest: string }) | undefined;
  headers: { readonly authorization: string } = { authorization: '' };
  #counter = 0;
  readonly #secret: Uint8Array | KeyObject;
  readonly #rig: ServiceRig;

  constructor(rig: ServiceRig, maker: TestMaker, scheme: 'psk' | 'ed25519' | 'p256') {
    this.#rig = rig;
    this.#secret =
      scheme === 'psk'
        ? Uint8Array.from(randomBytes(32))
        : scheme === 'ed25519'
          ? generateKeyPairSync('ed25519').privateKey
          : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const committed = this.#secret instanceof Uint8Array ? this.#secret : spkiOf(this.#secret);
    this.endpointKey = endpointKeyOf(commit(maker.provisioningKey, committed));
    const { provisioningKey, trustAnchor } = maker;
    this.custody = { provisioningKey, endpointKey: this.endpointKey, trustAnchor };
  }

  /** Registered by its maker. */
  static async registered(
    rig: ServiceRig,
    maker: TestMaker,
    lotIndex: number,
    more: Partial<NewDevice> = {},
  ): Promise<TestDevice> {
    const { accountId, lotId, provisioningKey } = maker;
    const { scheme = 'psk' } = more;
    const device = new TestDevice(rig, maker, scheme as 'psk');
    const { endpointKey } = device;
    const wanted: NewDevice = {
      ...{ accountId, lotId, lotIndex, provisioningKey, endpointKey, scheme },
      ...{ serial: `ACME-${lotIndex}`, provisioning: 'verified', ...more },
    };
    const result = await rig.store.change({ actor: 'registry' }, (change) =>
      registerDevice(change, wanted),
    );
    if (result.outcome === 'conflict') throw new Error('the device is in conflict');
    device.id = result.device.id;
    return device;
  }

  /** The Authorization of its proof, for the present nonce where one is signed; or of a false one. */
  async proof(
    about: { readonly audience?: string; readonly nonce?: string; endpointKey?: EndpointKey } = {},
  ): Promise<string> {
    const { endpointKey = this.endpointKey, audience = this.#rig.service.publicUrl } = about;
    if (this.#secret instanceof Uint8Array) {
      const text = `${endpointKey}:es_${toBase64Url(this.#secret)}`;
      return `Basic ${Buffer.from(text).toString('base64')}`;
    }
    const fresh = async (): Promise<string> =>
      (await this.#rig.app.inject({ url: '/v1/device/nonce' })).json<{ nonce: string }>().nonce;
    const nonce = about.nonce ?? (await fresh());
    return `Bearer ${signDeviceProof({ audience, nonce, endpointKey }, this.#secret)}`;
  }

  /** Proves its credential; the status of the answer. */
  async logIn(authorization?: string): Promise<number> {
    const headers = { authorization: authorization ?? (await this.proof()) };
    const response = await this.#rig.app.inject({
      ...{ method: 'POST', url: '/v1/device/session', headers },
    });
    if (response.statusCode === 200) {
      const { accessToken } = response.json<{ accessToken: string }>();
      this.headers = { authorization: `Bearer ${accessToken}` };
    }
    return response.statusCode;
  }

  async checkIn(more: Record<string, unknown> = {}): Promise<DeviceState> {
    const config = this.held && { ...this.held, status: 'applied' };
    const response = await this.#rig.app.inject({
      ...{ method: 'POST', url: '/v1/device/checkin', headers: this.headers },
      body: { counter: this.#counter++, ...(config && { config }), ...more },
    });
    return response.json();
  }

  async wait(seconds: number): Promise<DeviceState> {
    const url = `/v1/device/wait?seconds=${seconds}`;
    return (await this.#rig.app.inject({ url, headers: this.headers })).json();
  }

  /** Fetches what a check-in named, and takes it if it verifies. Throws `custody-invalid`. */
  async configure({ config }: DeviceState): Promise<Configuration> {
    const bytes = await this.fetch(config?.url ?? '');
    const { configuration, digest } = acceptConfiguration(
      this.custody,
      parseDelivery(bytes),
      this.held,
    );
    const { step, version } = configuration;
    this.held = { step, version, digest: toHex(digest) };
    return configuration;
  }

  async fetch(url: string): Promise<Uint8Array> {
    const response = await this.#rig.app.inject({ url, headers: this.headers });
    if (response.statusCode !== 200) throw new Error(`${url} answers ${response.statusCode}`);
    return Uint8Array.from(response.rawPayload);
  }
}

/** What a check-in answers. */
export interface DeviceState {
  readonly mode: 'escrow' | 'normal';
  readonly config?: {
    readonly step: number;
    readonly version: number;
    readonly url: string;
    readonly digest: string;
  };
}
