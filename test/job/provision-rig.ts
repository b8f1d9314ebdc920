import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Driver, DriverContext, Held } from '../../src/device/driver.ts';
import { MemoryDevice } from '../../src/device/ports/memory-port.ts';
import type { DeviceProfile } from '../../src/device/profile-model.ts';
import { DeviceSession } from '../../src/job/device-session.ts';
import { LiveDevices } from '../../src/job/live-devices.ts';
import type { OpenLine } from '../../src/job/open-line.ts';
import { provisionRun } from '../../src/job/provision-run.ts';
import type { Outcome, ProvisionRun } from '../../src/job/provision-run.ts';
import { provisionUnit } from '../../src/job/provision-unit.ts';
import { Secret } from '../../src/kernel/secret.ts';
import type { Ledger, LedgerOptions } from '../../src/ledger/ledger.ts';
import { DeviceFailure } from '../../src/model/failure.ts';
import type { FailureCode } from '../../src/model/failure.ts';
import { parseEndpointKey, parseLotId, parseProvisioningKey } from '../../src/model/ids.ts';
import type { Lot } from '../../src/model/lot.ts';
import { ownerSecrets } from '../../src/model/owner-secrets.ts';
import { collect, makeBench } from '../ledger/station.ts';
import type { Bench } from '../ledger/station.ts';

const vectors = JSON.parse(readFileSync('fixtures/vectors/keyline-v1.json', 'utf8')) as {
  readonly provisioningKey: string;
  readonly lots: readonly {
    readonly lotId: string;
    readonly lotSecretHex: string;
    readonly psk: readonly { index: number; endpointKey: string; endpointSecret: string }[];
  }[];
};
const [vector] = vectors.lots;
if (!vector) throw new Error('the vectors have a lot');

/** The published units of the vectors' lot. */
export const PUBLISHED = vector.psk;

const LOT: Lot = {
  lotId: parseLotId(vector.lotId),
  custodyAnchor: 'ab'.repeat(32),
  code: 'V1',
  provisioningKey: parseProvisioningKey(vectors.provisioningKey),
  scheme: 'psk',
  size: 10,
  spare: 2,
  serialTemplate: 'ACME-{n:4}',
  firstNumber: 1,
  model: 'W1',
  createdAt: '2026-01-01T00:00:00Z',
};

export const PROFILE: DeviceProfile = {
  name: 'test',
  description: undefined,
  driver: 'console',
  port: { baudRate: 115_200 },
  presence: 'usb',
  identity: {
    ...{ from: 'device', kind: 'text', pattern: '[a-z0-9-]+', allowLocalMac: false, refuse: [] },
  },
  expect: { model: '{model}' },
  values: new Map([
    ['key', { kind: 'column', column: 'endpoint_key', format: 'text' }],
    ['secret', { kind: 'column', column: 'endpoint_secret', format: 'text' }],
  ]),
  section: {},
  digest: 'd'.repeat(64),
};

type Step = 'identify' | 'model' | 'inspect' | 'write' | 'write-half' | 'verify';

/** A device and its driver in one: what it holds is here, and only `write` puts it there. */
export class TestDevice implements Driver {
  /** Answers of `identify`, the last one for ever. */
  ids: string[];
  modelName = 'W1';
  held: Held | undefined;
  readonly flash = new Map<string, string>();
  /** Steps that fail; taken away by `heal`. */
  readonly failing = new Map<Step, FailureCode>();
  writes = 0;
  verifies = 0;
  /** Called at the beginning of each step. */
  onStep: (step: Step) => void | Promise<void> = () => undefined;

  constructor(id: string) {
    this.ids = [id];
  }

  async identify(): Promise<string> {
    await this.#step('identify');
    const [id = '', ...rest] = this.ids;
    if (rest.length > 0) this.ids = rest;
    return id;
  }

  async model(): Promise<string> {
    await this.#step('model');
    return this.modelName;
  }

  async inspect(): Promise<Held> {
    await this.#step('inspect');
    if (this.held) return this.held;
    const endpointKey = parseEndpointKey(this.flash.get('key') ?? '');
    if (endpointKey) return { kind: 'endpoint-key', endpointKey };
    return this.flash.size > 0 ? { kind: 'other', detail: 'a secret' } : { kind: 'none' };
  }

  captures(): Promise<Record<string, string>> {
    return Promise.resolve({ firmware: '1.2.3' });
  }

  async write(context: DriverContext, values: Parameters<Driver['write']>[1]) {
    await this.#step('write');
    this.writes += 1;
    const put = (name: string): void => {
      const text = values.get(name).use((bytes) => Buffer.from(bytes).toString());
      context.log.sent(Buffer.from(text));
      this.flash.set(name, text);
    };
    put('secret');
    await this.#step('write-half');
    put('key');
    return {};
  }

  async verify(_context: DriverContext, values: Parameters<Driver['verify']>[1]) {
    await this.#step('verify');
    this.verifies += 1;
    for (const name of values.names) {
      const wanted = values.get(name).use((bytes) => digest(Buffer.from(bytes)));
      if (wanted !== digest(Buffer.from(this.flash.get(name) ?? ''))) {
        throw new DeviceFailure('verify-mismatch', `${name} is another one`);
      }
    }
    return { kind: 'digest', detail: 'sha256 of both' } as const;
  }

  async #step(step: Step): Promise<void> {
    await this.onStep(step);
    const code = this.failing.get(step);
    if (code) throw new DeviceFailure(code, `${step} failed`);
  }
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A run over a ledger of its own, with all twelve units of the lot. */
export class Rig implements AsyncDisposable {
  readonly bench: Bench;
  ledger: Ledger;
  run: ProvisionRun;
  readonly wire: string[] = [];

  private constructor(bench: Bench, ledger: Ledger) {
    this.bench = bench;
    this.ledger = ledger;
    this.run = runOn(ledger);
  }

  static async make(): Promise<Rig> {
    const bench = await makeBench();
    const rig = new Rig(bench, await bench.open());
    const ranges = [{ from: 0, count: 12 }];
    await rig.ledger.admit({ lotId: LOT.lotId, size: 10, spare: 2, ranges });
    return rig;
  }

  /** The process died: everything that was not on disk is gone. */
  async reopen(options: Partial<LedgerOptions> = {}): Promise<void> {
    await this.ledger[Symbol.asyncDispose]();
    this.ledger = await this.bench.open(options);
    this.run = runOn(this.ledger);
  }

  async take(
    driver: Driver,
    options: { readonly run?: Partial<ProvisionRun>; readonly signal?: AbortSignal } = {},
  ): Promise<Outcome> {
    const line = new MemoryDevice();
    const memory = () => line.open();
    const address = { kind: 'memory', name: 'device' } as const;
    await using session = await DeviceSession.open(address, { baudRate: 115_200, memory });
    const devices = new LiveDevices();
    return await provisionUnit(
      { ...this.run, ...options.run },
      {
        ...{ driver, session, signal: options.signal ?? new AbortController().signal },
        arrived: (id) => devices.arrive(id),
        onWire: ({ bytes }) => this.wire.push(Buffer.from(bytes).toString()),
      },
    );
  }

  /** The types of all events after the ledger was made. */
  async events(): Promise<string[]> {
    const types = await collect(this.ledger.entries(3), ({ event }) => event);
    return types.map((event) => ('code' in event ? `${event.type} ${event.code}` : event.type));
  }

  unit(index: number) {
    return this.ledger.unit(LOT.lotId, index);
  }

  counts() {
    return this.ledger.counts(LOT.lotId).planned;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ledger[Symbol.asyncDispose]();
    await this.bench[Symbol.asyncDispose]();
  }
}

function runOn(ledger: Ledger): ProvisionRun {
  const secret = Secret.take(Buffer.from(vector?.lotSecretHex ?? '', 'hex'));
  const open = { lot: LOT, secrets: ownerSecrets(LOT, secret), by: 'owner' } as const;
  const context = { operator: 'mia' };
  const station = 'line-1';
  return provisionRun({ open, profile: PROFILE, ledger, station, context, mode: 'provision' });
}

/** A line of which each slot has the next of these drivers. */
export function lineOf(rig: Rig, drivers: readonly Driver[]): OpenLine {
  const left = [...drivers];
  return {
    run: rig.run,
    warnings: [],
    driver: () => left.shift() ?? new TestDevice('none'),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
