import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeviceMemory } from '../../../../src/device/simulator/device-memory.ts';
import { EscrowDevice } from '../../../../src/device/simulator/escrow/escrow-device.ts';
import type { EscrowEvent } from '../../../../src/device/simulator/escrow/escrow-device.ts';
import { EscrowMemory } from '../../../../src/device/simulator/escrow/escrow-memory.ts';
import type { OwnCredential } from '../../../../src/device/simulator/escrow/own-credential.ts';
import { KeylineError } from '../../../../src/kernel/errors.ts';
import { commit } from '../../../../src/model/hierarchy.ts';
import { endpointKeyOf, provisioningKeyOf } from '../../../../src/model/ids.ts';
import { temporaryFolder } from '../bench.ts';
import { LyingRegistry, TestChain } from './lying-registry.ts';
import type { Delivered } from './lying-registry.ts';

const FACTS = { device: 1, hardwareId: 'aa', model: 'W1', profile: 'test' };
let folder: ReturnType<typeof temporaryFolder>;
let registry: LyingRegistry;
let chain: TestChain;
let own: OwnCredential;
let path: string;

const provisioningKey = provisioningKeyOf(Uint8Array.from(randomBytes(16)));
const idFor = (kp = provisioningKey) => {
  const committed = Uint8Array.from(randomBytes(32));
  return { committed, endpointKey: endpointKeyOf(commit(kp, committed)) };
};

beforeEach(() => {
  folder = temporaryFolder();
  path = `${folder.path}/device-1.json`;
  registry = new LyingRegistry();
  const { committed, endpointKey } = idFor();
  chain = new TestChain({ provisioningKey, endpointKey });
  const proofs = [{ committed, basic: 'Basic c2VjcmV0' }];
  own = { endpointKey, proofs, custodyAnchor: chain.anchor };
});
afterEach(() => {
  folder[Symbol.dispose]();
});

/** The device switched on until it waits or pauses; what it told, and how long it paused. */
async function live(): Promise<{ events: EscrowEvent[]; pauses: number[] }> {
  const events: EscrowEvent[] = [];
  const pauses: number[] = [];
  const off = new KeylineError('interrupted', { message: 'switched off' });
  registry.onWait = () => {
    throw off;
  };
  const device = new EscrowDevice({
    ...{ own, wire: registry, now: () => 0, random: () => 1 },
    memory: new EscrowMemory(DeviceMemory.open(path, FACTS)),
    pause: (ms) => {
      pauses.push(ms);
      return Promise.reject(off);
    },
    onEvent: (event) => events.push(event),
  });
  await expect(device.live()).rejects.toBe(off);
  return { events, pauses };
}

const keptBy = (): Uint8Array | undefined =>
  new EscrowMemory(DeviceMemory.open(path, FACTS)).delivery;
const last = () => registry.said.at(-1);

describe('a device in escrow mode', () => {
  it('proves its credential, checks in and waits', async () => {
    const { events } = await live();
    expect(events).toEqual([{ type: 'waiting' }]);
    expect(registry.headers).toEqual(['Basic c2VjcmV0']);
    expect(registry.said).toEqual([
      { hardwareId: 'aa', firmware: 'keyline simulated test', counter: 1 },
    ]);
  });

  it('verifies what its owner signed, keeps it, acknowledges it, and is in normal mode', async () => {
    chain.giveOn();
    chain.giveOn();
    registry.delivered = chain.delivery();
    const { digest, bytes } = registry.delivered;
    const { events } = await live();
    expect(events).toEqual([
      { type: 'accepted', step: 2, version: 1, digest, owners: 3 },
      { type: 'active', step: 2, version: 1, digest },
    ]);
    expect(last()?.config).toEqual({ step: 2, version: 1, digest, status: 'applied' });
    expect(keptBy()).toEqual(bytes);
  });

  it('has it after a restart, verified again, and counts on', async () => {
    registry.delivered = chain.delivery();
    await live();
    const counted = last()?.counter ?? 0;
    const { events } = await live();
    expect(events).toMatchObject([
      { type: 'kept', step: 0, version: 1 },
      { type: 'active', step: 0, version: 1 },
    ]);
    expect(last()).toMatchObject({ counter: counted + 1, config: { status: 'applied' } });
  });

  it('does not follow what it keeps where somebody has changed that', async () => {
    registry.delivered = chain.delivery();
    await live();
    const memory = DeviceMemory.open(path, FACTS);
    const kept = Uint8Array.from(keptBy() ?? []);
    kept[kept.length - 1] = (kept.at(-1) ?? 0) ^ 1;
    new EscrowMemory(memory).keep(kept);
    registry.delivered = undefined;
    expect((await live()).events).toMatchObject([
      { type: 'refused', reason: 'signature' },
      { type: 'waiting' },
    ]);
  });

  it('takes a newer version, and the next owner’s first one', async () => {
    registry.delivered = chain.delivery({ version: 7 });
    await live();
    registry.delivered = chain.delivery({ version: 8 });
    expect((await live()).events).toMatchObject([{}, { type: 'accepted', version: 8 }, {}]);
    chain.giveOn();
    registry.delivered = chain.delivery();
    expect((await live()).events).toMatchObject([
      {},
      { type: 'accepted', step: 1, version: 1 },
      {},
    ]);
  });
});

describe('a lying registry', () => {
  const flip = (signed: Uint8Array): Uint8Array => {
    const copy = Uint8Array.from(signed);
    copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
    return copy;
  };
  /** A letter of the body changed, the signature left. */
  const edit = (signed: Uint8Array): Uint8Array => {
    const copy = Buffer.from(signed);
    copy[copy.indexOf('{}')] = 0x5b;
    return Uint8Array.from(copy);
  };
  const stranger = () => new TestChain({ provisioningKey, endpointKey: own.endpointKey });

  it.each<[string, string, () => Delivered]>([
    ['another maker’s chain', 'anchor', () => stranger().delivery()],
    [
      'another maker’s chain under the name of its own',
      'signature',
      () => stranger().delivery({}, { manufacturer: chain.manufacturer }),
    ],
    ['a chain without its end', 'signature', () => cut(1, 2)],
    ['a chain without its middle', 'signature', () => cut(0, 1, 3)],
    ['a chain without its beginning', 'signature', () => cut(1, 2, 3)],
    ['no chain', 'malformed', () => chain.delivery({}, { statements: [] })],
    [
      'the statement of another device',
      'foreign',
      () => {
        chain.giveOn({ endpointKey: idFor().endpointKey });
        return chain.delivery();
      },
    ],
    [
      'a statement that rests on another',
      'step',
      () => {
        chain.giveOn({ previous: new Uint8Array(32) });
        return chain.delivery();
      },
    ],
    [
      'a statement that the last owner did not sign',
      'signature',
      () => {
        chain.giveOn({}, chain.manufacturer);
        return chain.delivery();
      },
    ],
    [
      'the chain of another provisioning key',
      'foreign',
      () => {
        const other = provisioningKeyOf(Uint8Array.from(randomBytes(16)));
        const theirs = new TestChain({ provisioningKey: other, endpointKey: own.endpointKey });
        own = { ...own, custodyAnchor: theirs.anchor };
        return theirs.delivery();
      },
    ],
    [
      'the configuration of another device',
      'foreign',
      () => chain.delivery({ endpointKey: idFor().endpointKey }),
    ],
    ['a configuration of another step', 'step', () => chain.delivery({ step: 1 })],
    ['a configuration by a stranger', 'signature', () => signedBy(stranger())],
    ['a configuration by its owner of before', 'signature', () => byOwnerOfBefore()],
    ['a changed configuration', 'signature', () => chain.delivery({}, { bend: edit })],
    ['a wrong signature', 'signature', () => chain.delivery({}, { bend: flip })],
    [
      'another configuration than it named',
      'digest',
      () => ({ ...chain.delivery(), digest: '00'.repeat(32) }),
    ],
    [
      'bytes that are no delivery',
      'malformed',
      () => ({ ...chain.delivery(), bytes: flip(new Uint8Array(9)) }),
    ],
  ])('with %s is refused for its %s, and nothing changes', async (_, reason, lie) => {
    registry.delivered = lie();
    const { events, pauses } = await live();
    expect(events).toEqual([{ type: 'refused', reason, message: expect.any(String) as string }]);
    const { step, version, digest } = registry.delivered;
    expect(last()?.config).toEqual({ step, version, digest, status: 'refused' });
    expect(keptBy()).toBeUndefined();
    expect(pauses).toEqual([1_000]);
    registry.delivered = undefined;
    expect((await live()).events).toEqual([{ type: 'waiting' }]);
  });

  it.each<[string, () => Delivered]>([
    ['an older version', () => chain.delivery({ version: 2 })],
    [
      'the same version with another content',
      () => chain.delivery({ version: 3, trustAnchors: [chain.anchor] }),
    ],
    [
      'an owner’s step of before',
      () => {
        const statements = chain.statements.slice(0, 1);
        const [signer] = chain.owners;
        if (!signer) throw new Error('a chain has an owner');
        return chain.delivery({ step: 0, version: 9 }, { statements, signer });
      },
    ],
  ])('with %s is refused, also after a restart', async (_, rollBack) => {
    chain.giveOn();
    registry.delivered = chain.delivery({ version: 3 });
    const { bytes } = registry.delivered;
    await live();
    registry.delivered = rollBack();
    expect((await live()).events).toMatchObject([{ type: 'kept' }, { reason: 'not-newer' }]);
    expect(keptBy()).toEqual(bytes);
  });

  it('that delivers in the end what it should have is believed then', async () => {
    registry.delivered = chain.delivery({}, { bend: flip });
    await live();
    registry.delivered = chain.delivery();
    expect((await live()).events).toMatchObject([{ type: 'accepted' }, { type: 'active' }]);
  });

  function cut(...statements: number[]): Delivered {
    chain.giveOn();
    chain.giveOn();
    chain.giveOn();
    const left = statements.flatMap((at) => chain.statements[at] ?? []);
    return chain.delivery({ step: left.length - 1 }, { statements: left });
  }

  function signedBy({ present: signer }: TestChain): Delivered {
    return chain.delivery({}, { signer });
  }

  function byOwnerOfBefore(): Delivered {
    const { present: signer } = chain;
    chain.giveOn();
    return chain.delivery({}, { signer });
  }
});

describe('a device whose registry is in trouble', () => {
  it('tries again, each time after twice as long, and says it once', async () => {
    const events: EscrowEvent[] = [];
    const pauses: number[] = [];
    const off = new KeylineError('interrupted', { message: 'switched off' });
    registry.checkIn = () =>
      Promise.reject(new KeylineError('registry-unavailable', { message: 'nobody answers' }));
    const device = new EscrowDevice({
      ...{ own, wire: registry, now: () => 0, random: () => 1 },
      memory: new EscrowMemory(DeviceMemory.open(path, FACTS)),
      pause: (ms) => {
        pauses.push(ms);
        return pauses.length < 20 ? Promise.resolve() : Promise.reject(off);
      },
      onEvent: (event) => events.push(event),
    });
    await expect(device.live()).rejects.toBe(off);
    expect(pauses.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(pauses.at(-1)).toBe(3_600_000);
    expect(events).toMatchObject([{ type: 'unreachable', code: 'registry-unavailable' }]);
  });

  it('waits as long as it is told to', async () => {
    registry.openSession = () => {
      const facts = { retryAfterSeconds: 90 };
      throw new KeylineError('registry-unavailable', { message: 'later', facts });
    };
    expect((await live()).pauses).toEqual([90_000]);
  });

  it('does not ask again and again where its wait is not waited for', async () => {
    const pauses: number[] = [];
    const off = new KeylineError('interrupted', { message: 'switched off' });
    const device = new EscrowDevice({
      ...{ own, wire: registry, now: () => 0, random: () => 1, onEvent: () => undefined },
      memory: new EscrowMemory(DeviceMemory.open(path, FACTS)),
      pause: (ms) => {
        pauses.push(ms);
        return pauses.length < 3 ? Promise.resolve() : Promise.reject(off);
      },
    });
    await expect(device.live()).rejects.toBe(off);
    expect(pauses).toEqual([1_000, 2_000, 4_000]);
  });
});
