import { readdir, stat } from 'node:fs/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ledger, RecordedEvent } from '../../src/ledger/ledger.ts';
import { parseEndpointKey } from '../../src/model/ids.ts';
import { accountFor } from '../../src/model/lot-account.ts';
import { reconcile } from '../../src/model/reconciliation.ts';
import type { UnitState } from '../../src/model/unit-state.ts';
import { refusal } from '../seals/fixtures.ts';
import { collect, LOT, makeBench, OTHER_LOT, pass, passing, TEN } from './station.ts';
import type { Bench } from './station.ts';

const ENDPOINT_KEY = parseEndpointKey('ek_dx5ytj1vmbk5rf40kn1wfgbt5w');
let bench: Bench;
let ledger: Ledger;

beforeEach(async () => {
  bench = await makeBench();
  ledger = await bench.open();
  await ledger.admit(TEN);
});

afterEach(async () => {
  await ledger[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
});

const reserve = (hardwareId: string) => ledger.reserve({ hardwareId, lotId: LOT });
const failed = (index: number, hardwareId: string): RecordedEvent => ({
  ...{ type: 'failed', lotId: LOT, index, hardwareId },
  ...{ code: 'timeout', reason: 'no prompt within 5 s' },
});
async function reopen(): Promise<void> {
  await ledger[Symbol.asyncDispose]();
  ledger = await bench.open();
}

/** Where every unit is, by this ledger alone. */
function account(): ReturnType<typeof reconcile> {
  const counts = ledger.counts(LOT);
  const claimed = [...ledger.claimed(LOT, 'here')];
  const share = { counts, claimed, surrendered: [...ledger.surrendered(LOT)] };
  return reconcile(accountFor(TEN, [share], { granted: [], lost: [], handedOut: [] }));
}

describe('reserving', () => {
  it('gives each device the lowest free index, and a device that comes again its own', async () => {
    expect(await reserve('a')).toMatchObject({
      index: 0,
      state: 'reserved',
      attempt: 1,
      isNew: true,
    });
    expect(await reserve('b')).toMatchObject({ index: 1, isNew: true });
    expect(await reserve('a')).toMatchObject({ index: 0, isNew: false });
    expect(await pass(ledger, 'a')).toBe(0);
    expect(await reserve('a')).toMatchObject({ index: 0, state: 'done', isNew: false });
  });

  it('gives an index again that was released before it was written, with the reason on record', async () => {
    await reserve('a');
    await reserve('b');
    const unit = { lotId: LOT, index: 0, hardwareId: 'a' };
    await ledger.record({ type: 'released', ...unit, code: 'wrong-product', reason: 'model X' });
    expect(await reserve('c')).toMatchObject({ index: 0 });
    const events = await collect(ledger.entries());
    expect(events.map(({ event }) => event.type)).toEqual([
      ...['created', 'admitted', 'reserved', 'reserved', 'released', 'reserved'],
    ]);
  });

  it('stops when every planned unit is given, and leaves the spare ones alone', async () => {
    for (let at = 0; at < 10; at++) await reserve(`d${at}`);
    expect(await refusal(reserve('more'))).toBe('lot-used-up');
    expect(ledger.counts(LOT).spare.free).toBe(2);
  });

  it('keeps to the ranges it is asked for, and to those it was admitted', async () => {
    const within = { hardwareId: 'a', lotId: LOT, ranges: [{ from: 7, count: 2 }] };
    expect(await ledger.reserve(within)).toMatchObject({ index: 7 });
    expect(await ledger.reserve({ ...within, hardwareId: 'b' })).toMatchObject({ index: 8 });
    expect(await refusal(ledger.reserve({ ...within, hardwareId: 'c' }))).toBe('lot-used-up');
    const outside = { ...within, hardwareId: 'd', ranges: [{ from: 10, count: 5 }] };
    expect(await refusal(ledger.reserve(outside))).toBe('outside-grant');
    const unknown = { hardwareId: 'd', lotId: OTHER_LOT };
    expect(await refusal(ledger.reserve(unknown))).toBe('outside-grant');
  });

  it('refuses a hardware id that has a unit of another lot, until that one is scrapped', async () => {
    await ledger.admit({ ...TEN, lotId: OTHER_LOT });
    const index = await pass(ledger, 'a');
    const other = { hardwareId: 'a', lotId: OTHER_LOT };
    expect(await refusal(ledger.reserve(other))).toBe('duplicate-id');
    const unit = { lotId: LOT, index, hardwareId: 'a' };
    await ledger.record({ type: 'scrapped', ...unit, reason: 'broken antenna' });
    expect(await ledger.reserve(other)).toMatchObject({ index: 0, isNew: true });
    expect(ledger.byHardwareId('a').map(({ lotId, state }) => [lotId, state])).toEqual([
      [OTHER_LOT, 'reserved'],
      [LOT, 'scrapped'],
    ]);
  });

  it('finds the next index of ten million as one look-up, however many were given out of order', async () => {
    const size = 10_000_000;
    await ledger.admit({ lotId: OTHER_LOT, size, spare: 0, ranges: [{ from: 0, count: size }] });
    const last = { hardwareId: 'z', lotId: OTHER_LOT, ranges: [{ from: size - 1, count: 1 }] };
    expect(await ledger.reserve(last)).toMatchObject({ index: size - 1 });
    expect([...ledger.neverUsed(OTHER_LOT)]).toEqual([{ from: 0, count: size - 1 }]);
    expect(ledger.counts(OTHER_LOT).planned).toMatchObject({ admitted: size, free: size - 1 });
  });
});

describe('recording', () => {
  it('takes a device through every state and keeps what was seen of it', async () => {
    const { index } = await reserve('a');
    const states: (UnitState | undefined)[] = [];
    for (const event of passing(index, 'a')) {
      const place = { slot: '3', operator: 'Kim', order: 'W-17' };
      const captures = event.type === 'written' ? { captures: { imei: '356938035643809' } } : {};
      await ledger.record({ ...event, ...place, ...captures });
      states.push(ledger.unit(LOT, index)?.state);
    }
    expect(states).toEqual(['writing', 'written', 'verified', 'done']);
    expect(ledger.unit(LOT, index)).toMatchObject({
      ...{ hardwareId: 'a', failures: 0, slot: '3', operator: 'Kim', order: 'W-17' },
      ...{ station: 'line-1', captures: { imei: '356938035643809' } },
      evidence: { kind: 'digest' },
    });
  });

  it('counts attempts, and forgets what was verified before a rewrite', async () => {
    const index = await pass(ledger, 'a');
    await ledger.record(failed(index, 'a'));
    expect(await reserve('a')).toMatchObject({ index, state: 'failed', attempt: 2 });
    const { event } = await ledger.record({ type: 'writing', lotId: LOT, index, hardwareId: 'a' });
    expect(event).toMatchObject({ attempt: 2 });
    const unit = ledger.unit(LOT, index);
    expect(unit).toMatchObject({ state: 'writing', failures: 1, code: 'timeout' });
    expect(unit?.evidence).toBeUndefined();
    expect(unit?.verifiedAt).toBeUndefined();
  });

  it('refuses what the table does not allow, another device’s unit and an id that changed', async () => {
    const { index } = await reserve('a');
    const unit = { lotId: LOT, index, hardwareId: 'a' };
    expect(await refusal(ledger.record({ type: 'done', ...unit }))).toBe('invalid-transition');
    const foreign = ledger.record({ type: 'writing', ...unit, hardwareId: 'b' });
    expect(await refusal(foreign)).toBe('index-conflict');
    const [writing, written, verified] = passing(index, 'a');
    if (!writing || !written || !verified) throw new Error('three events');
    await ledger.record(writing);
    await ledger.record(written);
    const changed = { ...verified, idAfter: 'b' } as RecordedEvent;
    const seq = ledger.head().seq;
    expect(await refusal(ledger.record(changed))).toBe('id-changed');
    expect(ledger.head().seq).toBe(seq);
    expect(ledger.unit(LOT, index)?.state).toBe('written');
  });

  it('takes a hook that failed to done without a rewrite, once the device is verified again', async () => {
    const { index } = await reserve('a');
    const [writing, written, verified, done] = passing(index, 'a');
    if (!writing || !written || !verified || !done) throw new Error('four events');
    for (const event of [writing, written, verified, failed(index, 'a')])
      await ledger.record(event);
    expect(await refusal(ledger.record(done))).toBe('invalid-transition');
    await ledger.record(verified);
    await ledger.record(done);
    expect(ledger.unit(LOT, index)).toMatchObject({ state: 'done', failures: 1 });
  });

  it('keeps a device that got no unit, and every label', async () => {
    const refused = { type: 'refused', lotId: LOT, code: 'blank-id', reason: 'all FF' } as const;
    await ledger.record({ ...refused, slot: '2' });
    await ledger.record({ type: 'printed', lotId: LOT, index: 3 });
    await ledger.record({ type: 'printed', lotId: LOT, index: 3, reason: 'smeared' });
    expect(ledger.labels(LOT, 3)).toBe(2);
    expect(ledger.labels(LOT, 4)).toBe(0);
  });

  it('lists units by state in order of their index, over pages', async () => {
    const size = 3000;
    await ledger.admit({
      ...TEN,
      lotId: OTHER_LOT,
      size,
      ranges: [{ from: 0, count: size }],
      use: 'elsewhere',
    });
    const rows = Array.from({ length: size }, (_, index) => ({
      ...{ lotId: OTHER_LOT, index, hardwareId: `x${index}`, reference: 'log-7' },
      ...{ passed: index % 3 !== 0, detail: 'log-7' },
    }));
    expect(await ledger.importAll(rows)).toEqual({ recorded: size, known: 0 });
    expect(await ledger.importAll(rows)).toEqual({ recorded: 0, known: size });
    const bad = await collect(ledger.units(OTHER_LOT, ['failed']), (unit) => unit.index);
    expect(bad).toEqual(Array.from({ length: size / 3 }, (_, at) => at * 3));
    const both = await collect(ledger.units(OTHER_LOT, ['failed', 'done']), (unit) => unit.index);
    expect(both).toEqual(Array.from({ length: size }, (_, at) => at));
    expect(await collect(ledger.units(OTHER_LOT), (unit) => unit.index)).toEqual(both);
    expect(ledger.counts(OTHER_LOT).planned).toMatchObject({
      elsewhere: 0,
      states: { done: 2000, failed: 1000 },
    });
  });
});

describe('adopting', () => {
  it('takes a credential that a device holds where its index is free', async () => {
    if (!ENDPOINT_KEY) throw new Error('an endpoint key');
    const held = { hardwareId: 'a', lotId: LOT, index: 5, endpointKey: ENDPOINT_KEY };
    expect(await ledger.adopt(held)).toMatchObject({ index: 5, state: 'written', isNew: true });
    expect(await refusal(ledger.adopt({ ...held, hardwareId: 'b' }))).toBe('index-conflict');
    expect(await refusal(ledger.adopt({ ...held, index: 6 }))).toBe('duplicate-id');
    expect(await refusal(ledger.adopt({ ...held, hardwareId: 'c', index: 12 }))).toBe(
      'index-conflict',
    );
    expect([...ledger.neverUsed(LOT)]).toEqual([
      { from: 0, count: 5 },
      { from: 6, count: 6 },
    ]);
  });
});

describe('replacing', () => {
  it('retires the old credential and gives a spare index that outlives the run', async () => {
    const index = await pass(ledger, 'a');
    const replacement = await ledger.replace({ lotId: LOT, index }, { reason: 'flash worn' });
    expect(replacement).toMatchObject({
      index: 10,
      hardwareId: 'a',
      replaces: 0,
      state: 'reserved',
    });
    expect(ledger.unit(LOT, index)).toMatchObject({ state: 'replaced', replacedBy: 10 });
    await reopen();
    expect(await reserve('a')).toMatchObject({ index: 10, isNew: false, replaces: 0 });
    await pass(ledger, 'a');
    expect(account()).toMatchObject({ addsUp: true, spareUsed: 1 });
  });

  it('changes nothing where no spare unit is left or nobody has the unit', async () => {
    for (const id of ['a', 'b', 'c']) await pass(ledger, id);
    await ledger.replace({ lotId: LOT, index: 0 }, { reason: 'worn' });
    await ledger.replace({ lotId: LOT, index: 1 }, { reason: 'worn' });
    const third = ledger.replace({ lotId: LOT, index: 2 }, { reason: 'worn' });
    expect(await refusal(third)).toBe('lot-used-up');
    expect(ledger.unit(LOT, 2)?.state).toBe('done');
    const nobody = ledger.replace({ lotId: LOT, index: 7 }, { reason: 'worn' });
    expect(await refusal(nobody)).toBe('not-found');
  });
});

describe('admitting and surrendering', () => {
  it('records only what is new of a range', async () => {
    expect(await ledger.admit(TEN)).toEqual([]);
    const some = { ...TEN, lotId: OTHER_LOT, ranges: [{ from: 2, count: 3 }] };
    expect(await ledger.admit(some)).toEqual([{ from: 2, count: 3 }]);
    // A grant is rounded to blocks, beyond the lot's end.
    const all = { ...some, ranges: [{ from: 0, count: 4096 }] };
    expect(await ledger.admit(all)).toEqual([
      { from: 0, count: 2 },
      { from: 5, count: 7 },
    ]);
    expect(await refusal(ledger.admit({ ...all, use: 'elsewhere' }))).toBe('index-conflict');
  });

  it('never gives a unit again that was surrendered', async () => {
    await pass(ledger, 'a');
    const reason = 'station closed';
    expect(await ledger.surrender(LOT, { reason })).toEqual([{ from: 1, count: 11 }]);
    expect(await refusal(reserve('b'))).toBe('lot-used-up');
    expect(await ledger.surrender(LOT, { reason })).toEqual([]);
    expect(account()).toMatchObject({ addsUp: true });
    expect(ledger.counts(LOT).planned).toMatchObject({ surrendered: 9, free: 0 });
  });
});

describe('opening again', () => {
  it('frees what a run had reserved, and leaves what it had begun to write', async () => {
    const a = await reserve('a');
    await reserve('b');
    await ledger.record({ type: 'writing', lotId: LOT, index: a.index, hardwareId: 'a' });
    const f = await pass(ledger, 'f');
    await ledger.record(failed(f, 'f'));
    await reopen();
    expect(ledger.unit(LOT, f)).toMatchObject({ state: 'failed', hardwareId: 'f' });
    expect(ledger.unit(LOT, 0)).toMatchObject({ state: 'writing', hardwareId: 'a' });
    expect(ledger.unit(LOT, 1)).toBeUndefined();
    const events = await collect(ledger.entries(5));
    expect(events[0]?.event).toMatchObject({ type: 'writing' });
    const last = { type: 'released', code: 'interrupted', index: 1 };
    expect(events.slice(7).map(({ event }) => event)).toMatchObject([last]);
    expect(await reserve('c')).toMatchObject({ index: 1 });
  });

  it('finds a file that only its owner reads, and nothing beside it', async () => {
    await ledger[Symbol.asyncDispose]();
    expect((await stat(bench.path)).mode & 0o777).toBe(0o600);
    expect(await readdir(bench.folder)).toEqual(['ledger.sqlite']);
    ledger = await bench.open();
  });
});

describe('whatever a line does', () => {
  const step = fc.record({
    device: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    what: fc.constantFrom<RecordedEvent['type'] | 'reserve' | 'adopt' | 'replace'>(
      ...(['reserve', 'adopt', 'replace', 'released', 'writing', 'written', 'verified'] as const),
      ...(['done', 'failed', 'scrapped', 'checked'] as const),
    ),
    index: fc.nat(11),
  });

  async function take({
    device,
    what,
    index,
  }: typeof step extends fc.Arbitrary<infer T> ? T : never) {
    const held = ledger.byHardwareId(device)[0]?.index ?? index;
    const unit = { lotId: LOT, hardwareId: device, index: held };
    const evidence = { kind: 'digest', detail: 'd' } as const;
    if (what === 'reserve') return ledger.reserve(unit);
    if (what === 'replace') return ledger.replace(unit, { reason: 'r' });
    if (what === 'adopt') {
      if (!ENDPOINT_KEY) throw new Error('an endpoint key');
      return ledger.adopt({ ...unit, index, endpointKey: ENDPOINT_KEY });
    }
    const more = { idAfter: device, evidence, code: 'timeout', reason: 'r' };
    return ledger.record(
      what === 'verified' || what === 'checked'
        ? { type: what, ...unit, idAfter: device, evidence }
        : what === 'failed'
          ? { type: what, ...unit, code: more.code, reason: 'r' }
          : what === 'scrapped' || what === 'released'
            ? { type: what, ...unit, reason: 'r' }
            : ({ type: what, ...unit } as RecordedEvent),
    );
  }

  it('never gives a used index to a second device, or a device two live units, and always adds up', async () => {
    const owner = new Map<number, string>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        for (const one of steps) await take(one).catch(() => undefined);
      }),
      { numRuns: 40 },
    );
    for await (const { event } of ledger.entries()) {
      if (event.type !== 'writing' && event.type !== 'adopted') continue;
      expect(owner.get(event.index) ?? event.hardwareId).toBe(event.hardwareId);
      owner.set(event.index, event.hardwareId);
    }
    for (const device of 'abcdef') {
      const live = ledger
        .byHardwareId(device)
        .filter(({ state }) => !['scrapped', 'replaced'].includes(state));
      expect(live.length).toBeLessThan(2);
    }
    expect(owner.size).toBeGreaterThan(3);
    expect(account().addsUp).toBe(true);
  });
});
