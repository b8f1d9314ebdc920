import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PresenceMode } from '../../src/device/profile-model.ts';
import { MemoryDevice } from '../../src/device/ports/memory-port.ts';
import { runStation } from '../../src/job/run-station.ts';
import type { StationOptions } from '../../src/job/run-station.ts';
import type { StationEvent } from '../../src/job/station-event.ts';
import { KeylineError } from '../../src/kernel/errors.ts';
import { DeviceFailure } from '../../src/model/failure.ts';
import { lineOf, PUBLISHED, Rig, TestDevice } from './provision-rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.make();
});
afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

/** A jig in memory: slot n has the n-th device, on a line of its own. */
function jigOf(devices: readonly TestDevice[], presence: PresenceMode = 'usb') {
  const lines = devices.map((_, at) => new MemoryDevice({ name: `slot-${at + 1}` }));
  const slots = devices.map((_, at) => ({
    ...{ slot: at + 1, presence, barcode: undefined },
    port: { url: `memory:slot-${at + 1}` },
  }));
  const jig = { name: 'jig', description: undefined, slots };
  const memory = (name: string) => {
    const line = lines[Number(name.slice('slot-'.length)) - 1];
    return line ? line.open() : Promise.reject(new Error('no such slot'));
  };
  return { jig, memory, lines };
}

function run(
  devices: readonly TestDevice[],
  options: Partial<StationOptions> & { readonly presence?: PresenceMode } = {},
) {
  const { presence, ...rest } = options;
  const { jig, memory, lines } = jigOf(devices, presence);
  const events: StationEvent[] = [];
  const stop = new AbortController();
  const all: StationOptions = {
    ...{ jig, memory, signal: stop.signal, everyMs: 1 },
    ...rest,
    onEvent: (event) => {
      events.push(event);
      options.onEvent?.(event);
    },
  };
  // Events come at once: the test has its hands on the run first.
  const ended = Promise.resolve().then(() => runStation(lineOf(rig, devices), all));
  return { ended, events, lines, stop };
}

/** Resolves for all when the last of `count` has come. */
function barrier(count: number): () => Promise<void> {
  let come = 0;
  let open: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (open = resolve));
  return () => {
    come += 1;
    if (come === count) open();
    return all;
  };
}

const devicesOf = (count: number) =>
  Array.from({ length: count }, (_, at) => new TestDevice(`aa-${at}`));

describe('slots', () => {
  it('have a wire log each', async () => {
    const wire = new Map<number, string>();
    await run(devicesOf(2), {
      once: true,
      onWire: (slot, { bytes }) => {
        wire.set(slot, `${wire.get(slot) ?? ''}${Buffer.from(bytes).toString()} `);
      },
    }).ended;
    expect([...wire.keys()].sort()).toEqual([1, 2]);
    for (const text of wire.values()) {
      expect(text).toContain('[secret]');
      for (const { endpointSecret } of PUBLISHED) expect(text).not.toContain(endpointSecret);
    }
  });

  it('work at the same time, and each device gets a unit of its own', async () => {
    const devices = devicesOf(8);
    const meet = barrier(8);
    for (const device of devices) {
      device.onStep = (step) => (step === 'write' ? meet() : undefined);
    }
    const tally = await run(devices, { once: true }).ended;
    expect(tally).toMatchObject({ passed: 8, failed: 0, firstPass: 8, interrupted: false });
    expect(new Set(devices.map(({ flash }) => flash.get('key'))).size).toBe(8);
    expect(rig.counts().states.done).toBe(8);
  });

  it('do not suffer from each other’s devices', async () => {
    const devices = devicesOf(3);
    devices[1]?.failing.set('verify', 'verify-mismatch');
    const tally = await run(devices, { once: true }).ended;
    expect(tally).toMatchObject({ passed: 2, failed: 1 });
  });

  it('that have one id at once both fail, and nothing is written', async () => {
    const devices = [new TestDevice('aa-01'), new TestDevice('aa-01'), new TestDevice('aa-02')];
    // Each holds its step after the arrival until both have arrived.
    const meet = barrier(2);
    for (const device of devices.slice(0, 2)) {
      device.onStep = (step) => (step === 'identify' ? meet() : undefined);
    }
    const { ended, events } = run(devices, { once: true });
    await ended;
    const failed = events.filter(({ type }) => type === 'failed');
    expect(failed.map(({ slot }) => slot).sort()).toEqual([1, 2]);
    expect(devices.slice(0, 2).map(({ writes }) => writes)).toEqual([0, 0]);
    expect(rig.counts().states.done).toBe(1);
  });

  it('take a pass back when a device with the same id comes to another slot', async () => {
    const [first, second] = [new TestDevice('aa-01'), new TestDevice('aa-01')];
    let pass: () => void = () => undefined;
    const passed = new Promise<void>((resolve) => (pass = resolve));
    second.onStep = (step) => (step === 'identify' ? passed : undefined);
    let undone: () => void = () => undefined;
    const wasUndone = new Promise<void>((resolve) => (undone = resolve));
    const { ended, stop, events } = run([first, second], {
      onEvent: (event) => {
        if (event.type === 'passed') pass();
        const failures = events.filter(({ type }) => type === 'failed').length;
        if (failures === 2) undone();
      },
    });
    await wasUndone;
    stop.abort();
    expect(await ended).toMatchObject({ passed: 0, failed: 2, interrupted: true });
    expect(second.writes).toBe(0);
    expect(rig.unit(0)).toMatchObject({ state: 'failed', code: 'duplicate-id' });
  });
});

describe('a run', () => {
  it('ends at its limit, with not one unit more', async () => {
    const devices = devicesOf(6);
    const tally = await run(devices, { limit: 4 }).ended;
    expect(tally).toMatchObject({ passed: 4, interrupted: false });
    expect(devices.reduce((sum, { writes }) => sum + writes, 0)).toBe(4);
    expect(rig.counts().states).toMatchObject({ done: 4, reserved: 0 });
  });

  it('finishes what is being written when it is interrupted, and gives back what is not', async () => {
    const [writing, waiting] = devicesOf(2);
    if (!writing || !waiting) throw new Error('two devices');
    const meet = barrier(2);
    writing.onStep = (step) => (step === 'write' ? meet() : undefined);
    waiting.onStep = async (step) => {
      if (step !== 'inspect') return;
      stop.abort();
      await meet();
      throw new DeviceFailure('interrupted', 'interrupted');
    };
    const { ended, stop } = run([writing, waiting]);
    expect(await ended).toMatchObject({ passed: 1, failed: 0, interrupted: true });
    expect(waiting.writes).toBe(0);
    expect(rig.counts()).toMatchObject({ free: 9, states: { done: 1, reserved: 0 } });
  });

  it('tries a device again at once, as often as it may', async () => {
    const device = new TestDevice('aa-01');
    device.failing.set('verify', 'not-stored');
    const { ended, events } = run([device], {
      ...{ once: true, maxAttempts: 3 },
      onEvent: (event) => {
        if (event.type === 'failed' && event.unit.attempt === 2) device.failing.clear();
      },
    });
    expect(await ended).toMatchObject({ passed: 1, failed: 0, firstPass: 0 });
    expect(events.filter(({ type }) => type === 'failed')).toHaveLength(2);
    expect(rig.unit(0)).toMatchObject({ state: 'done', failures: 2 });
  });

  it('ends with the error when the ledger is damaged, and no slot goes on', async () => {
    const devices = devicesOf(2);
    const broken = new Proxy(rig.ledger, {
      get: (ledger, name: keyof Rig['ledger']) => {
        if (name === 'reserve') return () => Promise.reject(new Error('the ledger is gone'));
        const member = Reflect.get(ledger, name) as unknown;
        return typeof member === 'function' ? (member.bind(ledger) as unknown) : member;
      },
    });
    rig.run = { ...rig.run, ledger: broken };
    await expect(run(devices).ended).rejects.toThrow('the ledger is gone');
    expect(devices.map(({ writes }) => writes)).toEqual([0, 0]);
  });

  it('refuses a slot that the jig does not have', async () => {
    await expect(run(devicesOf(1), { slots: [2] }).ended).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('presence', () => {
  it('by USB: the next device is another one as soon as the port is there again', async () => {
    const device = new TestDevice('aa-01');
    const { ended, lines } = run([device], {
      limit: 2,
      onEvent: (event) => {
        const [line] = lines;
        if (event.type === 'passed') {
          device.ids = ['aa-02'];
          device.flash.clear();
          line?.unplug();
        }
        if (event.type === 'removed') line?.plugIn();
      },
    });
    expect(await ended).toMatchObject({ passed: 2 });
    expect(rig.unit(1)).toMatchObject({ state: 'done', hardwareId: 'aa-02' });
  });

  it('by asking: another id is another device, and silence is none', async () => {
    const device = new TestDevice('aa-01');
    device.failing.set('identify', 'no-answer');
    let asked = 0;
    device.onStep = (step) => {
      if (step === 'identify') asked += 1;
      if (asked === 3) device.failing.clear();
    };
    const { ended } = run([device], {
      ...{ limit: 2, presence: 'poll' },
      onEvent: (event) => {
        if (event.type !== 'passed') return;
        device.ids = ['aa-02'];
        device.flash.clear();
      },
    });
    expect(await ended).toMatchObject({ passed: 2, failed: 0 });
  });

  it('by asking, once: a slot without an answer has failed', async () => {
    const device = new TestDevice('aa-01');
    device.failing.set('identify', 'no-answer');
    const { ended } = run([device], { once: true, presence: 'poll' });
    expect(await ended).toMatchObject({ passed: 0, failed: 1 });
  });

  it('tells of a port that cannot be used, and when it can be again', async () => {
    const device = new TestDevice('aa-01');
    let opens = 0;
    const { jig, memory } = jigOf([device]);
    const { ended, events } = run([device], {
      ...{ once: true, jig },
      memory: async (name) => {
        opens += 1;
        if (opens < 3) throw new KeylineError('port-busy', { message: 'slot-1 is in use' });
        return await memory(name);
      },
    });
    expect(await ended).toMatchObject({ passed: 1, failed: 0 });
    expect(events.map(({ type }) => type).slice(0, 4)).toEqual([
      ...['waiting', 'port', 'waiting', 'step'],
    ]);
  });

  it.each(['port-busy', 'port-not-serial', 'port-unusable', 'port-missing'] as const)(
    'once: a slot whose port stays unusable has failed, %s',
    async (code) => {
      const device = new TestDevice('aa-01');
      const { jig } = jigOf([device]);
      const { ended, events } = run([device], {
        ...{ once: true, jig },
        memory: () => Promise.reject(new KeylineError(code, { message: 'slot-1' })),
      });
      expect(await ended).toMatchObject({ passed: 0, failed: 1 });
      const expected = code === 'port-busy' ? 'port-busy' : 'port-gone';
      expect(events.at(-1)).toMatchObject({ type: 'failed', unit: { code: expected } });
    },
  );

  it('once: a slot whose port does not tell the line has failed', async () => {
    const device = new TestDevice('aa-01');
    const { ended, lines } = run([device], { once: true, presence: 'line:dcd' });
    const [line] = lines;
    if (line) line.inputLines = undefined;
    expect(await ended).toMatchObject({ passed: 0, failed: 1 });
  });

  it('by a line of the port', async () => {
    const device = new TestDevice('aa-01');
    const { ended, lines } = run([device], { once: true, presence: 'line:dcd' });
    const [line] = lines;
    if (line) line.inputLines = { dcd: true, cts: false, dsr: false };
    expect(await ended).toMatchObject({ passed: 1 });
  });

  it('by a person', async () => {
    const asked: number[] = [];
    const { ended } = run([new TestDevice('aa-01')], {
      ...{ limit: 1, presence: 'operator' },
      nextByOperator: (slot) => {
        asked.push(slot);
        return Promise.resolve();
      },
    });
    expect(await ended).toMatchObject({ passed: 1 });
    expect(asked).toEqual([1]);
  });
});
