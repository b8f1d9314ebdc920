import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LotStore } from '../../src/home/lot-store.ts';
import { createLot } from '../../src/job/create-lot.ts';
import { planSettlement } from '../../src/job/plan-settlement.ts';
import type { SettleRequest } from '../../src/job/plan-settlement.ts';
import { readAllocations, showLot } from '../../src/job/show-lot.ts';
import { settleUnits } from '../../src/job/settle-units.ts';
import { showUnit } from '../../src/job/show-unit.ts';
import { openLot } from '../../src/job/open-lot.ts';
import { initStation } from '../../src/job/station-init.ts';
import { refusal } from '../seals/fixtures.ts';
import { eventsOf, look, takeAll, TOOL } from './line-home.ts';
import { lotRequest, makeOwner } from './lot-home.ts';
import { TestDevice } from './provision-rig.ts';

let at: Awaited<ReturnType<typeof makeOwner>>;
beforeEach(async () => {
  at = await makeOwner();
  await initStation(at.home, { name: 'line-1', recipients: [at.recipient] }, undefined);
  const request = lotRequest({ size: 10, spare: 2, model: 'W1' });
  await createLot(at.home, request, { credentials: at.credentials });
});
afterEach(() => at[Symbol.asyncDispose]());

const plan = (request: Partial<SettleRequest>) =>
  planSettlement(
    at.home,
    { lot: 'A1', action: 'rework', units: [], allFailed: false, ...request },
    { credentials: () => at.credentials },
  );

async function settle(
  action: SettleRequest['action'],
  units: readonly string[],
  change: Partial<SettleRequest> = {},
) {
  const choices = { reason: 'as the test has it', operator: 'mia' };
  const effects = { credentials: at.credentials, toolVersion: TOOL };
  return await settleUnits(at.home, await plan({ action, units, ...change }), choices, effects);
}
const unit = async (index: number) => {
  const { lotId } = (await showLot(at.home, 'A1')).lot;
  return look(at, (reader) => reader.unit(lotId, index));
};
const take = (...devices: TestDevice[]) => takeAll(at, 'A1', devices);

describe('a unit sent to rework', () => {
  it('is written again with its own credential when its device comes back', async () => {
    const device = new TestDevice('aa-01');
    await take(device);
    expect(await settle('rework', ['0'])).toMatchObject([
      { index: 0, from: 'done', to: 'failed', unchanged: false },
    ]);
    const reworked = { state: 'failed', code: 'rework', operator: 'mia' };
    expect(await unit(0)).toMatchObject({ ...reworked, reason: 'as the test has it' });
    expect(await take(device)).toMatchObject([{ ok: true, kind: 'written', index: 0, attempt: 2 }]);
    expect(device.writes).toBe(2);
    expect(await unit(0)).toMatchObject({ state: 'done' });
  });

  it('is written although its device was erased, which no device is by itself', async () => {
    const device = new TestDevice('aa-01');
    await take(device);
    device.flash.clear();
    expect(await take(device)).toMatchObject([{ ok: false, code: 'duplicate-id' }]);
    await settle('rework', ['aa-01']);
    expect(await take(device)).toMatchObject([{ ok: true, index: 0 }]);
  });

  it('is put on record once, however often it is asked for', async () => {
    const device = new TestDevice('aa-01');
    device.failing.set('verify', 'not-stored');
    await take(device);
    expect(await settle('rework', ['0'])).toMatchObject([{ unchanged: false }]);
    const events = await eventsOf(at);
    expect(await settle('rework', ['0'])).toMatchObject([{ unchanged: true, to: 'failed' }]);
    expect(await eventsOf(at)).toEqual(events);
  });
});

describe('a unit that is replaced', () => {
  it('leaves its device a spare one, which is written over the retired credential', async () => {
    const device = new TestDevice('aa-01');
    await take(device);
    expect(await settle('replace', ['ACME-A1-00000000'])).toMatchObject([
      { index: 0, to: 'replaced', replacedBy: 10, replacedBySerial: 'ACME-A1-00000010' },
    ]);
    expect(await unit(0)).toMatchObject({ state: 'replaced', replacedBy: 10 });
    expect(await take(device)).toMatchObject([
      { ok: true, index: 10, hardwareId: 'aa-01', kind: 'written' },
    ]);
    expect(await unit(10)).toMatchObject({ state: 'done', replaces: 0 });
    // The planned units go on with the next one.
    expect(await take(new TestDevice('aa-02'))).toMatchObject([{ ok: true, index: 1 }]);
  });

  it('is refused with all others named when there are too few spare ones', async () => {
    await take(new TestDevice('aa-01'), new TestDevice('aa-02'), new TestDevice('aa-03'));
    const events = await eventsOf(at);
    expect(await refusal(settle('replace', ['0', '1', '2']))).toBe('lot-used-up');
    expect(await eventsOf(at)).toEqual(events);
    expect(await settle('replace', ['0', '1'])).toHaveLength(2);
  });

  it('gets a spare unit that the run was not given, entered in the book first', async () => {
    await takeAll(at, 'A1', [new TestDevice('aa-01')], { from: 0, count: 10 });
    await settle('replace', ['0']);
    const { entries } = await readAllocations(at.home, 'A1');
    expect(entries.at(-1)).toMatchObject({ from: 10, count: 1, purpose: 'station' });
    expect(await unit(10)).toMatchObject({ state: 'reserved', hardwareId: 'aa-01' });
  });
});

describe('a unit that is scrapped', () => {
  it('frees its hardware id for another unit and is never given again', async () => {
    const device = new TestDevice('aa-01');
    await take(device);
    await settle('scrap', ['0']);
    expect(await unit(0)).toMatchObject({ state: 'scrapped', reason: 'as the test has it' });
    const again = new TestDevice('aa-01');
    expect(await take(again)).toMatchObject([{ ok: true, index: 1, hardwareId: 'aa-01' }]);
    expect(again.flash.get('key')).not.toBe(device.flash.get('key'));
    for (const action of ['scrap', 'rework', 'replace'] as const) {
      expect(await refusal(settle(action, ['0']))).toBe('invalid-transition');
    }
  });

  it('is free again where a replacement was only reserved', async () => {
    await take(new TestDevice('aa-01'));
    await settle('replace', ['0']);
    expect(await settle('scrap', ['10'])).toMatchObject([{ from: 'reserved', to: 'free' }]);
    expect(await unit(10)).toBeUndefined();
    expect((await eventsOf(at)).at(-1)).toBe('released');
  });
});

describe('units', () => {
  it('are named by endpoint key, serial, index or hardware id, each once', async () => {
    await take(new TestDevice('00-1b-44-11-3a-b7'), new TestDevice('aa-02'));
    await using open = await openLot(at.home, 'A1', at.credentials);
    const { endpointKey = '' } = await showUnit(open, 0, { reveal: false });
    const names = ['1', String(endpointKey), 'ACME-A1-00000001', 'aa-02', '00-1b-44-11-3a-b7'];
    const { units } = await plan({ units: names });
    expect(units.map(({ index }) => index)).toEqual([0, 1]);
  });

  it('that failed are taken all at once, and no others', async () => {
    const bad = [new TestDevice('aa-01'), new TestDevice('aa-03')];
    for (const device of bad) device.failing.set('verify', 'not-stored');
    const [one, two] = bad as [TestDevice, TestDevice];
    await take(one, new TestDevice('aa-02'), two);
    const { units } = await plan({ action: 'scrap', allFailed: true });
    expect(units.map(({ index, to }) => [index, to])).toEqual([
      [0, 'scrapped'],
      [2, 'scrapped'],
    ]);
    await settle('scrap', [], { allFailed: true });
    expect((await plan({ action: 'scrap', allFailed: true })).units).toEqual([]);
  });

  it('are refused where a name fits two, none, or nothing is named', async () => {
    // The device with the id `1` has unit 0.
    await take(new TestDevice('1'), new TestDevice('aa-02'));
    expect(await refusal(plan({ units: ['1'] }))).toBe('ambiguous');
    const by = async (name: 'index' | 'hardware-id') =>
      (await plan({ units: ['1'], by: name })).units.map(({ index }) => index);
    expect([await by('index'), await by('hardware-id')]).toEqual([[1], [0]]);
    expect(await refusal(plan({ units: ['5'] }))).toBe('not-found');
    expect(await refusal(plan({ units: ['12'] }))).toBe('range-outside-lot');
    expect(await refusal(plan({ units: ['nobody'] }))).toBe('not-found');
    expect(await refusal(plan({ units: ['nobody'], by: 'hardware-id' }))).toBe('not-found');
    expect(await refusal(plan({}))).toBe('usage');
    expect(await refusal(plan({ units: ['0'], allFailed: true }))).toBe('usage');
  });

  it('are all judged before the first is put on record', async () => {
    await take(new TestDevice('aa-01'), new TestDevice('aa-02'));
    await settle('scrap', ['1']);
    const events = await eventsOf(at);
    expect(await refusal(settle('rework', ['0', '1']))).toBe('invalid-transition');
    expect(await eventsOf(at)).toEqual(events);
  });

  it('of a closed lot stay as they are, and a reason says something', async () => {
    await take(new TestDevice('aa-01'));
    const planned = await plan({ units: ['0'] });
    const effects = { credentials: at.credentials, toolVersion: TOOL };
    const empty = settleUnits(at.home, planned, { reason: ' \n' }, effects);
    expect(await refusal(empty)).toBe('usage');
    await new LotStore(at.home).close(planned.lot.lotId, '2026-03-01T08:00:00Z');
    expect(await refusal(plan({ units: ['0'] }))).toBe('lot-closed');
  });
});
