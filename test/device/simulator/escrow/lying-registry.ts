import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { sha256 } from '../../../../src/custody/chain.ts';
import { signConfiguration } from '../../../../src/custody/configuration.ts';
import type { Configuration } from '../../../../src/custody/configuration.ts';
import { encodeDelivery } from '../../../../src/custody/delivery.ts';
import { signFirstStatement, signNextStatement } from '../../../../src/custody/statement.ts';
import type { NextStatement } from '../../../../src/custody/statement.ts';
import type {
  CheckIn,
  DeviceState,
  DeviceWire,
} from '../../../../src/device/simulator/escrow/device-wire.ts';
import { KeylineError } from '../../../../src/kernel/errors.ts';
import { toHex, utf8 } from '../../../../src/kernel/bytes.ts';
import { spkiOf } from '../../../../src/model/hierarchy.ts';
import type { EndpointKey, ProvisioningKey } from '../../../../src/model/ids.ts';

const keyPair = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** Whose chain it is: what the maker and each owner have of it. */
export interface ChainParts {
  readonly provisioningKey: ProvisioningKey;
  readonly endpointKey: EndpointKey;
}

/** A device's history: a manufacturer and its owners, who sign what a test has them sign. */
export class TestChain {
  readonly manufacturer = keyPair();
  readonly owners: KeyObject[] = [keyPair()];
  readonly statements: Uint8Array[];
  readonly #parts: ChainParts;

  constructor(parts: ChainParts) {
    this.#parts = parts;
    const owner = spkiOf(this.present);
    this.statements = [signFirstStatement({ ...parts, owner }, this.manufacturer)];
  }

  get anchor(): Uint8Array {
    return sha256(spkiOf(this.manufacturer));
  }

  get present(): KeyObject {
    const owner = this.owners.at(-1);
    if (!owner) throw new Error('a chain has an owner');
    return owner;
  }

  /** The present owner gives the device on. */
  giveOn(change: Partial<NextStatement> = {}, by = this.present): void {
    const next = keyPair();
    const previous = sha256(this.statements.at(-1) ?? new Uint8Array());
    const step = this.statements.length;
    const content = { ...this.#parts, owner: spkiOf(next), step, previous, ...change };
    this.statements.push(signNextStatement(content, by));
    this.owners.push(next);
  }

  /** What the registry would deliver: version 1 of the present step, or as changed. */
  delivery(change: Partial<Configuration> = {}, more: DeliveryChange = {}): Delivered {
    const step = this.statements.length - 1;
    const content = { trustAnchors: [], body: utf8('{}'), step, version: 1, ...change };
    const by = more.signer ?? this.present;
    const signed = signConfiguration({ ...this.#parts, ...content }, by);
    const configuration = more.bend?.(signed) ?? signed;
    const bytes = encodeDelivery({
      manufacturer: spkiOf(more.manufacturer ?? this.manufacturer),
      statements: more.statements ?? this.statements,
      configuration,
    });
    const { step: namedStep, version } = content;
    return { bytes, step: namedStep, version, digest: toHex(sha256(configuration)) };
  }
}

/** What a liar makes different. */
export interface DeliveryChange {
  readonly signer?: KeyObject;
  readonly manufacturer?: KeyObject;
  readonly statements?: readonly Uint8Array[];
  readonly bend?: (signed: Uint8Array) => Uint8Array;
}

/** Bytes, and what is said of them. */
export interface Delivered {
  readonly bytes: Uint8Array;
  readonly step: number;
  readonly version: number;
  readonly digest: string;
}

/** A registry that takes every credential and delivers whatever it is told to. */
export class LyingRegistry implements DeviceWire {
  readonly audience = 'https://registry.test';
  readonly said: CheckIn[] = [];
  readonly headers: string[] = [];
  /** Undefined: escrow mode. */
  delivered: Delivered | undefined;
  /** Called when the device has nothing to do but to wait. */
  onWait: () => void = () => undefined;

  nonce(): Promise<string> {
    return Promise.resolve('nonce');
  }

  openSession(authorization: string): Promise<void> {
    this.headers.push(authorization);
    return Promise.resolve();
  }

  checkIn(said: CheckIn): Promise<DeviceState> {
    this.said.push(said);
    return Promise.resolve(this.#state());
  }

  wait(): Promise<DeviceState> {
    this.onWait();
    return Promise.resolve(this.#state());
  }

  fetch(): Promise<Uint8Array> {
    if (this.delivered) return Promise.resolve(this.delivered.bytes);
    throw new KeylineError('registry-failed', { message: 'there is none' });
  }

  [Symbol.dispose](): void {
    // It holds nothing.
  }

  #state(): DeviceState {
    if (!this.delivered) return { mode: 'escrow' };
    const { step, version, digest } = this.delivered;
    return {
      mode: 'normal',
      config: { step, version, digest, url: '/v1/device/configurations/0/1' },
    };
  }
}
