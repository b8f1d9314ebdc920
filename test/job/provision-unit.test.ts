import { statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeviceFailure, REWORK_CODE } from '../../src/model/failure.ts';
import { parseEndpointKey } from '../../src/model/ids.ts';
import { collect } from '../ledger/station.ts';
import { PUBLISHED, Rig, TestDevice } from './provision-rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.make();
});
afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

const PASS = ['reserved', 'writing', 'written', 'verified', 'done'];
const lotId = () => rig.run.open.lot.lotId;

describe('a device that works', () => {
  it('gets the published credential of the next unit, and everything is on record', async () => {
    const device = new TestDevice('aa-01');
    const outcome = await rig.take(device);
    const [first] = PUBLISHED;
    expect(outcome).toMatchObject({
      ...{ ok: true, kind: 'written', index: 0, serial: 'ACME-0001', attempt: 1 },
      ...{ hardwareId: 'aa-01', endpointKey: first?.endpointKey },
      evidence: { kind: 'digest' },
    });
    expect(device.flash.get('key')).toBe(first?.endpointKey);
    expect(await rig.events()).toEqual(PASS);
    expect(rig.unit(0)).toMatchObject({
      ...{ state: 'done', operator: 'mia', captures: { firmware: '1.2.3' } },
    });
  });

  it('keeps its secret out of the log of its line', async () => {
    const device = new TestDevice('aa-01');
    await rig.take(device);
    const secret = device.flash.get('secret') ?? '';
    expect(secret.length).toBeGreaterThan(40);
    expect(rig.wire.join('')).toContain('[secret]');
    expect(rig.wire.join('')).not.toContain(secret);
  });

  it('is checked and not written when it comes again, and counted once', async () => {
    const device = new TestDevice('aa-01');
    await rig.take(device);
    expect(await rig.take(device)).toMatchObject({ ok: true, kind: 'checked', index: 0 });
    expect(device.writes).toBe(1);
    expect(await rig.events()).toEqual([...PASS, 'checked']);
    expect(rig.counts().states.done).toBe(1);
  });

  it('goes to the next unit when it is another one', async () => {
    await rig.take(new TestDevice('aa-01'));
    expect(await rig.take(new TestDevice('aa-02'))).toMatchObject({ ok: true, index: 1 });
  });
});

describe('a device that fails before it is written', () => {
  it.each([
    ['identify', 'no-answer', ['refused no-answer']],
    ['identify', 'garbage', ['refused garbage']],
    ['model', 'timeout', ['refused timeout']],
    ['inspect', 'port-gone', ['refused port-gone']],
  ] as const)('in %s with %s gets no unit', async (step, code, events) => {
    const device = new TestDevice('aa-01');
    device.failing.set(step, code);
    expect(await rig.take(device)).toMatchObject({ ok: false, code });
    expect(await rig.events()).toEqual(events);
    expect([device.writes, rig.counts().free]).toEqual([0, 10]);
  });

  it.each([
    ['', 'blank-id'],
    ['0000', 'blank-id'],
    ['deadbeef', 'default-id'],
    ['!?', 'garbage'],
  ])('with the id %j gets no unit: %s', async (id, code) => {
    const device = new TestDevice(id);
    expect(await rig.take(device)).toMatchObject({ ok: false, code });
    expect([device.writes, rig.counts().free]).toEqual([0, 10]);
  });

  it('of another model is not written', async () => {
    const device = new TestDevice('aa-01');
    device.modelName = 'W2';
    expect(await rig.take(device)).toMatchObject({ ok: false, code: 'wrong-product' });
    expect(device.writes).toBe(0);
  });

  it('is not written when another answers just before, and its index is free again', async () => {
    const device = new TestDevice('aa-01');
    device.ids = ['aa-01', 'aa-02'];
    expect(await rig.take(device)).toMatchObject({ ok: false, code: 'id-changed' });
    expect([device.writes, rig.counts().free]).toEqual([0, 10]);
    expect(await rig.events()).toEqual(['reserved', 'released id-changed']);
  });

  it('is rolled back when it is interrupted', async () => {
    const device = new TestDevice('aa-01');
    const stop = new AbortController();
    device.onStep = () => {
      if (rig.counts().free === 9) {
        stop.abort();
        throw new DeviceFailure('interrupted', 'interrupted');
      }
    };
    const outcome = await rig.take(device, { signal: stop.signal });
    expect(outcome).toMatchObject({ ok: false, code: 'interrupted' });
    expect([device.writes, rig.counts().free]).toEqual([0, 10]);
  });

  it('finds no unit when the lot is used up', async () => {
    for (let at = 0; at < 10; at++) await rig.take(new TestDevice(`aa-${at}`));
    const more = new TestDevice('bb-01');
    expect(await rig.take(more)).toMatchObject({ ok: false, code: 'lot-used-up' });
    expect(more.writes).toBe(0);
  });
});

describe('a device that fails from its writing on', () => {
  it.each([
    ['write', 'write-refused'],
    ['write-half', 'port-gone'],
    ['verify', 'not-stored'],
    ['verify', 'verify-mismatch'],
  ] as const)('in %s with %s has failed, and gets its own unit again', async (step, code) => {
    const device = new TestDevice('aa-01');
    device.failing.set(step, code);
    expect(await rig.take(device)).toMatchObject({ ok: false, code, index: 0, attempt: 1 });
    expect(rig.unit(0)).toMatchObject({ state: 'failed', code });
    await rig.take(new TestDevice('aa-02'));
    device.failing.clear();
    expect(await rig.take(device)).toMatchObject({ ok: true, index: 0, attempt: 2 });
  });

  it('and whose programmer finds half an image in it is written again', async () => {
    const device = new TestDevice('aa-01');
    device.failing.set('verify', 'programmer-failed');
    await rig.take(device);
    device.onStep = (step) => {
      if (step === 'write') device.failing.clear();
    };
    expect(await rig.take(device)).toMatchObject({ ok: true, index: 0, attempt: 2 });
    expect(device.writes).toBe(2);
  });

  it('is no pass when another device answers after it was verified', async () => {
    const device = new TestDevice('aa-01');
    device.ids = ['aa-01', 'aa-01', 'aa-02'];
    expect(await rig.take(device)).toMatchObject({ ok: false, code: 'id-changed' });
    expect(rig.unit(0)).toMatchObject({ state: 'failed', code: 'id-changed' });
    expect(rig.unit(0)?.verifiedAt).toBeUndefined();
  });

  it('is no pass because it was written: nothing is verified without the device', async () => {
    const device = new TestDevice('aa-01');
    device.failing.set('verify', 'no-answer');
    await rig.take(device);
    expect(await rig.events()).toEqual(['reserved', 'writing', 'written', 'failed no-answer']);
    expect(rig.counts().states).toMatchObject({ verified: 0, done: 0, failed: 1 });
  });

  it.each(['write', 'write-half', 'verify'] as const)(
    'and dies with the process in %s gets its own credential again',
    async (step) => {
      const device = new TestDevice('aa-01');
      device.onStep = async (now) => {
        if (now !== step) return;
        device.onStep = () => undefined;
        await rig.reopen();
        throw new Error('killed');
      };
      const run = rig.run;
      await expect(rig.take(device, { run })).rejects.toThrow();
      expect(await rig.take(new TestDevice('aa-02'))).toMatchObject({ index: 1 });
      expect(await rig.take(device)).toMatchObject({ ok: true, index: 0 });
      expect(device.flash.get('key')).toBe(PUBLISHED[0]?.endpointKey);
    },
  );
});

describe('what a device already holds', () => {
  const foreign = parseEndpointKey('ek_00000000000000000000000000');

  it.each([
    { kind: 'other', detail: 'a secret' },
    { kind: 'digest', digest: 'a'.repeat(64) },
    ...(foreign ? [{ kind: 'endpoint-key', endpointKey: foreign } as const] : []),
  ] as const)('is not overwritten: $kind', async (held) => {
    const device = new TestDevice('aa-01');
    device.held = held;
    expect(await rig.take(device)).toMatchObject({ ok: false, code: 'already-provisioned' });
    expect([device.writes, rig.counts().free]).toEqual([0, 10]);
  });

  it('is overwritten for a reason that goes on record', async () => {
    const device = new TestDevice('aa-01');
    device.held = { kind: 'other', detail: 'a secret' };
    expect(await rig.take(device, { run: { overwrite: 'old pilot' } })).toMatchObject({ ok: true });
    const events = await collect(rig.ledger.entries(), ({ event }) => event);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'writing', overwrites: 'old pilot' }),
    );
  });

  it('is adopted when it is a credential of this lot that no device has', async () => {
    const device = new TestDevice('aa-01');
    const twin = new TestDevice('bb-01');
    await rig.take(twin);
    await rig.take(device);
    const again = await Rig.make();
    try {
      expect(await again.take(device)).toMatchObject({ ok: true, kind: 'adopted', index: 1 });
      expect(device.writes).toBe(1);
      expect(await again.events()).toEqual(['adopted', 'verified', 'done']);
    } finally {
      await again[Symbol.asyncDispose]();
    }
  });

  it('is a conflict when another device has it', async () => {
    const device = new TestDevice('aa-01');
    await rig.take(device);
    const clone = new TestDevice('aa-02');
    for (const [name, value] of device.flash) clone.flash.set(name, value);
    expect(await rig.take(clone)).toMatchObject({ ok: false, code: 'index-conflict' });
    expect(rig.unit(0)).toMatchObject({ state: 'done', hardwareId: 'aa-01' });
  });
});

describe('a device that answers with the id of one that passed', () => {
  it('and holds nothing is never written, and neither passes any more', async () => {
    const device = new TestDevice('aa-01');
    await rig.take(device);
    const twin = new TestDevice('aa-01');
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(await rig.take(twin)).toMatchObject({ ok: false, code: 'duplicate-id' });
    }
    expect(twin.writes).toBe(0);
    expect(rig.counts().states).toMatchObject({ done: 0, failed: 1 });
  });

  it('is written again once a person has sent it to rework', async () => {
    const device = new TestDevice('aa-01');
    await rig.take(device);
    device.flash.clear();
    await rig.take(device);
    const unit = { lotId: lotId(), index: 0, hardwareId: 'aa-01' };
    await rig.ledger.record({ type: 'failed', ...unit, code: REWORK_CODE, reason: 'erased' });
    expect(await rig.take(device)).toMatchObject({ ok: true, index: 0 });
  });

  it('stays passed when only its cable failed', async () => {
    const device = new TestDevice('aa-01');
    await rig.take(device);
    device.failing.set('verify', 'port-gone');
    expect(await rig.take(device)).toMatchObject({ ok: false, code: 'port-gone' });
    expect(rig.unit(0)?.state).toBe('done');
  });
});

describe('the program after a pass', () => {
  const hook = (script: string, timeoutMs = 10_000) => ({
    afterPass: { argv: [process.execPath, '-e', script], timeoutMs },
  });

  it('gets the unit and the attempt as JSON, and no secret', async () => {
    const device = new TestDevice('aa-01');
    const script = `
      const text = require('fs').readFileSync(0, 'utf8');
      const { unit, attempt } = JSON.parse(text);
      const ok = unit.serial === 'ACME-0001' && unit.hardwareId === 'aa-01' && attempt === 1;
      process.exit(ok && !/es_/.test(text) ? 0 : 1)`;
    expect(await rig.take(device, { run: hook(script) })).toMatchObject({ ok: true });
  });

  it('fails the unit when it fails, which then passes without being written again', async () => {
    const device = new TestDevice('aa-01');
    const failed = await rig.take(device, { run: hook('process.exit(3)') });
    expect(failed).toMatchObject({ ok: false, code: 'hook' });
    expect(rig.unit(0)).toMatchObject({ state: 'failed', code: 'hook' });
    expect(await rig.take(device, { run: hook('') })).toMatchObject({ ok: true, index: 0 });
    expect(device.writes).toBe(1);
    expect((await rig.events()).slice(3)).toEqual(['verified', 'failed hook', 'verified', 'done']);
  });

  it('is ended at its deadline, and a program that is not there is a failure too', async () => {
    const late = hook('setInterval(() => {}, 1000)', 200);
    expect(await rig.take(new TestDevice('aa-01'), { run: late })).toMatchObject({ code: 'hook' });
    const missing = { afterPass: { argv: ['/nowhere/program'], timeoutMs: 1000 } };
    expect(await rig.take(new TestDevice('aa-02'), { run: missing })).toMatchObject({
      code: 'hook',
    });
  });
});

describe('a full disk under the ledger', () => {
  it('fails devices, and never gives a pass that is not on record', async () => {
    // Room for a few more events than the ledger has.
    await rig.reopen();
    await rig.reopen({ maxPages: statSync(rig.bench.path).size / 4096 + 2 });
    const devices = Array.from({ length: 10 }, (_, at) => new TestDevice(`aa-${at}`));
    const codes: (string | undefined)[] = [];
    for (const device of devices) {
      const outcome = await rig.take(device);
      codes.push(outcome.ok ? undefined : outcome.code);
      if (outcome.ok) expect(rig.unit(outcome.index)?.state).toBe('done');
      else if (outcome.index === undefined) expect(device.writes).toBe(0);
    }
    expect(codes).toContain('ledger-full');
    expect(codes.filter((code) => code === undefined)).toHaveLength(rig.counts().states.done);
    await rig.reopen();
    for (const device of devices) expect(await rig.take(device)).toMatchObject({ ok: true });
    expect(new Set(devices.map(({ flash }) => flash.get('key'))).size).toBe(10);
  });
});

describe('device verify', () => {
  it('does not end a unit whose program has failed', async () => {
    const device = new TestDevice('aa-01');
    const afterPass = { argv: ['/nowhere/program'], timeoutMs: 1000 };
    await rig.take(device, { run: { afterPass } });
    expect(await rig.take(device, { run: { mode: 'verify' } })).toMatchObject({ ok: true });
    expect(rig.unit(0)?.state).toBe('verified');
  });

  it('writes nothing, and passes only what holds its own credential', async () => {
    const verify = { run: { mode: 'verify' } } as const;
    const device = new TestDevice('aa-01');
    expect(await rig.take(device, verify)).toMatchObject({ ok: false });
    expect(device.writes).toBe(0);
    await rig.take(device);
    expect(await rig.take(device, verify)).toMatchObject({ ok: true, kind: 'checked' });
    device.flash.set('secret', 'another');
    expect(await rig.take(device, verify)).toMatchObject({ ok: false, code: 'verify-mismatch' });
    expect(rig.unit(0)?.state).toBe('failed');
  });
});
