import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LotStore } from '../../src/home/lot-store.ts';
import { planClosing } from '../../src/job/close-lot.ts';
import { closeStation } from '../../src/job/close-station.ts';
import { createLot } from '../../src/job/create-lot.ts';
import { exportLedger } from '../../src/job/export-ledger.ts';
import { grantLot } from '../../src/job/grant-lot.ts';
import { importLot } from '../../src/job/import-lot.ts';
import { bookOf, findLot } from '../../src/job/open-lot.ts';
import { openStation } from '../../src/job/open-station.ts';
import { planSettlement } from '../../src/job/plan-settlement.ts';
import type { Settlement } from '../../src/job/plan-settlement.ts';
import { reclaimUnits } from '../../src/job/reclaim-units.ts';
import { settleUnits } from '../../src/job/settle-units.ts';
import { initStation } from '../../src/job/station-init.ts';
import { toBase64 } from '../../src/kernel/bytes.ts';
import type { KeylineError } from '../../src/kernel/errors.ts';
import { spkiOf } from '../../src/model/hierarchy.ts';
import { openLotClose } from '../../src/seals/lot-close.ts';
import { signUnitReturn } from '../../src/seals/unit-return.ts';
import type { UnitReturn } from '../../src/seals/unit-return.ts';
import { passing } from '../ledger/station.ts';
import { otherKey, payloadOf, refusal, withPart } from '../seals/fixtures.ts';
import { takeAll, TOOL, withLedger } from './line-home.ts';
import { close, contentOf, lotRequest, makeOwner, makeStation } from './lot-home.ts';
import type { TestHome } from './lot-home.ts';
import { TestDevice } from './provision-rig.ts';

let owner: Awaited<ReturnType<typeof makeOwner>>;
let station: Awaited<ReturnType<typeof makeStation>>;
let files = 0;

beforeEach(async () => {
  owner = await makeOwner();
  station = await makeStation();
  await initStation(owner.home, { name: 'bench', recipients: [owner.recipient] }, undefined);
  const request = lotRequest({ size: 8190, spare: 2, model: 'W1' });
  await createLot(owner.home, request, { credentials: owner.credentials });
});
afterEach(async () => {
  await owner[Symbol.asyncDispose]();
  await station[Symbol.asyncDispose]();
});

const newFile = () => ({ path: join(owner.path, `file-${++files}`), force: false });
const effects = (at: TestHome) => ({ credentials: at.credentials, toolVersion: TOOL });

async function grant(from: number): Promise<void> {
  const output = newFile();
  const range = { from, count: 4096 };
  const request = { lot: 'A1', range, card: station.cardJws, issue: false, output };
  await grantLot(owner.home, request, { credentials: owner.credentials });
  using content = await contentOf(output.path);
  await importLot(station.home, content, { credentials: () => station.credentials });
}

async function settle(at: TestHome, action: Settlement, units: string[]): Promise<void> {
  const request = { lot: 'A1', action, units, allFailed: false };
  const plan = await planSettlement(at.home, request, { credentials: () => at.credentials });
  await settleUnits(at.home, plan, { reason: 'test' }, effects(at));
}

async function exported(): Promise<string> {
  const output = newFile();
  await exportLedger(station.home, { output }, effects(station));
  return output.path;
}

async function giveBack(at: TestHome = station): Promise<string> {
  const output = newFile();
  await closeStation(at.home, { lot: 'A1', reason: 'done', output }, effects(at));
  return await readFile(output.path, 'utf8');
}

async function openGroups(change: Parameters<typeof close>[2] = {}): Promise<string[]> {
  const error = await close(owner, 'A1', change).then(
    () => undefined,
    (thrown: unknown) => thrown as KeylineError,
  );
  if (error?.code !== 'lot-unresolved') throw error ?? new Error('it was closed');
  return (error.facts['unresolved'] as string[]).map((line) => line.replace(/:.*/, ''));
}

function headerOf(jws: string): { lot?: string } {
  const text = Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString();
  return JSON.parse(text) as { lot?: string };
}

const fails = (id: string): TestDevice => {
  const device = new TestDevice(id);
  device.failing.set('verify', 'not-stored');
  return device;
};

describe('closing a lot', () => {
  it('that never met a station takes its allocation book as the account, and seals it', async () => {
    const { lot } = await findLot(owner.home, 'A1');
    const range = { from: 0, count: 90 };
    await bookOf(owner.home, lot).allocate({ range, purpose: 'manifest', who: 'ada' });
    const output = newFile();
    const { statement = '' } = await close(owner, 'A1', { output });
    expect((await readFile(output.path, 'utf8')).trim()).toBe(statement);
    const kept = await readFile(new LotStore(owner.home).closeFile(lot.lotId), 'utf8');
    expect(kept.trim()).toBe(statement);
    const { close: said } = await openLotClose(statement);
    expect(said).toMatchObject({
      planned: { total: 8190, handedOut: 90, neverLeft: 8100, done: 0 },
      ...{ spare: { total: 2, neverLeft: 2 }, ledgers: [] },
    });
    expect(await refusal(close(owner, 'A1'))).toBe('lot-closed');
  });

  it('is refused until each unit is done, scrapped, replaced or unused for a reason', async () => {
    const bad = fails('aa-02');
    await takeAll(owner, 'A1', [new TestDevice('aa-01'), bad, new TestDevice('aa-03')]);
    expect(await openGroups()).toEqual(['1 failed (1)', '8187 free (3-8189)']);
    await settle(owner, 'scrap', ['1']);
    await settle(owner, 'replace', ['2']);
    expect(await openGroups({ reasons: { unused: 'cut' } })).toEqual(['1 reserved (8190)']);
    const back = new TestDevice('aa-03');
    expect(await takeAll(owner, 'A1', [back])).toMatchObject([{ ok: true, index: 8190 }]);
    expect(await openGroups()).toEqual(['8187 free (3-8189)']);
    const { statement = '' } = await close(owner, 'A1', { reasons: { unused: 'cut' } });
    const { close: said } = await openLotClose(statement);
    expect(said).toMatchObject({
      planned: { done: 1, scrapped: 1, replaced: 1, surrendered: 8187, neverLeft: 0 },
      ...{ spare: { done: 1, surrendered: 1 }, unusedReason: 'cut' },
      ledgers: [{ station: 'bench' }],
    });
  });

  it('is refused while a unit is anywhere between reserved and done', async () => {
    const { lot } = await findLot(owner.home, 'A1');
    const { lotId, size, spare } = lot;
    await takeAll(owner, 'A1', [new TestDevice('aa-01')], { from: 0, count: 10 });
    const again = { range: { from: 20, count: 5 }, purpose: 'manifest', who: 'ada' } as const;
    await bookOf(owner.home, lot).allocate(again);
    await withLedger(owner, async (ledger) => {
      for (const [steps, id] of ['bb-01', 'bb-02', 'bb-03'].entries()) {
        const { index } = await ledger.reserve({ lotId, hardwareId: id });
        for (const event of passing(index, id).slice(0, steps + 1)) {
          await ledger.record({ ...event, lotId });
        }
      }
      const ranges = [{ from: 20, count: 5 }];
      await ledger.admit({ lotId, size, spare, ranges, use: 'elsewhere' });
    });
    expect(await openGroups()).toEqual([
      ...['1 writing (1)', '1 written (2)', '1 verified (3)', '6 free (4-9)', '5 elsewhere'],
      '8175 never left (10-19, 25-8189)',
    ]);
    // A reason is for units that no device has.
    expect(await openGroups({ reasons: { unused: 'cut', lost: 'cut' } })).toEqual([
      ...['1 writing (1)', '1 written (2)', '1 verified (3)'],
    ]);
  });

  it('wants the ledger of every station, and what each never used given back', async () => {
    await grant(0);
    await takeAll(station, 'A1', [new TestDevice('aa-01')]);
    const reasons = { unused: 'order was cut' };
    expect(await openGroups({ reasons })).toEqual(['4096 granted (0-4095)']);
    const ledgers = [await exported()];
    expect(await openGroups({ reasons, ledgers })).toEqual(['4095 free (1-4095) at line-1']);
    await giveBack();
    const { account } = await close(owner, 'A1', { reasons, ledgers: [await exported()] });
    expect(account.planned).toMatchObject({ surrendered: 4095, neverLeft: 4094 });
    expect(account.planned.states.done).toBe(1);
  });

  it('wants to know of units that came back and left again, whoever has them now', async () => {
    await grant(0);
    await takeAll(station, 'A1', [new TestDevice('aa-01')]);
    await reclaimUnits(owner.home, await giveBack(), { dryRun: false });
    const old = await exported();
    const reasons = { unused: 'order was cut' };
    const ask = { reasons, ledgers: [old] };
    const { account: before } = await planClosing(owner.home, { lot: 'A1', ...ask });
    expect(before.planned).toMatchObject({ surrendered: 4095, granted: 0 });
    const { lot } = await findLot(owner.home, 'A1');
    const book = bookOf(owner.home, lot);
    const range = { from: 4000, count: 10 };
    await book.allocate({ range, purpose: 'manifest', who: 'ada' });
    // To the same station, under the next grant: its old ledger says nothing of that.
    const next = { from: 100, count: 50 };
    const reference = `kg_${'0'.repeat(26)}`;
    await book.allocate({ range: next, purpose: 'grant', who: 'line-1', reference });
    expect(await openGroups(ask)).toEqual(['50 granted (100-149)']);
    const { account } = await planClosing(owner.home, { lot: 'A1', ...ask });
    expect(account.planned).toMatchObject({ surrendered: 4035, granted: 50, handedOut: 10 });
  });

  it('counts a station’s units once, however often they were granted to it', async () => {
    await grant(0);
    await takeAll(station, 'A1', [new TestDevice('aa-01')]);
    const { lot } = await findLot(owner.home, 'A1');
    const range = { from: 0, count: 4096 };
    const entry = { range, purpose: 'grant', again: 'the file was lost' } as const;
    const book = bookOf(owner.home, lot);
    await book.allocate({ ...entry, who: 'line-1', reference: `kg_${'0'.repeat(26)}` });
    await giveBack();
    const ask = { reasons: { unused: 'cut' }, ledgers: [await exported()] };
    const { unresolved } = await planClosing(owner.home, { lot: 'A1', ...ask });
    expect(unresolved).toEqual([]);
    // Another station that got them too is heard of as well.
    await book.allocate({ ...entry, who: 'line-2', reference: `kg_${'1'.repeat(26)}` });
    expect(await openGroups(ask)).toEqual(['4095 granted (1-4095)']);
  });

  it('says of a lost ledger’s units that they are lost, and only for a reason', async () => {
    const { lot } = await findLot(owner.home, 'A1');
    const reference = `ledger ${'0'.repeat(32)}`;
    const range = { from: 0, count: 50 };
    await bookOf(owner.home, lot).allocate({ range, purpose: 'station', who: 'x', reference });
    const reasons = { unused: 'cut' };
    expect(await openGroups({ reasons })).toEqual(['50 lost (0-49)']);
    const { statement = '' } = await close(owner, 'A1', { reasons: { ...reasons, lost: 'fire' } });
    expect(payloadOf(statement)).toMatchObject({ planned: { lost: 50 }, lostReason: 'fire' });
  });

  it('in a home without the lot’s key is not sealed', async () => {
    await grant(0);
    await takeAll(station, 'A1', [new TestDevice('aa-01')]);
    const refused = close(station, 'A1', { output: newFile(), reasons: { unused: 'cut' } });
    expect(await refusal(refused)).toBe('not-found');
    const { statement, account } = await close(station, 'A1', { reasons: { unused: 'cut' } });
    expect(statement).toBeUndefined();
    expect(account.planned).toMatchObject({ surrendered: 4095, free: 0 });
  });

  it('changes nothing where it is only planned', async () => {
    await takeAll(owner, 'A1', [new TestDevice('aa-01')]);
    const request = { lot: 'A1', ledgers: [], reasons: { unused: 'cut' } };
    const plan = await planClosing(owner.home, request);
    expect(plan).toMatchObject({ unresolved: [], account: { planned: { free: 8189 } } });
    expect(await takeAll(owner, 'A1', [new TestDevice('aa-02')])).toMatchObject([{ index: 1 }]);
  });
});

describe('a station that gives units back', () => {
  it('can give them to no device any more, and the owner grants them again', async () => {
    await grant(0);
    await grant(4096);
    await takeAll(station, 'A1', [new TestDevice('aa-01')]);
    const again = async () => {
      const request = { range: { from: 4096, count: 1 }, card: station.cardJws, issue: false };
      const output = newFile();
      const grants = { credentials: owner.credentials };
      return grantLot(owner.home, { lot: 'A1', ...request, output }, grants);
    };
    expect(await refusal(again())).toBe('already-allocated');
    const statement = await giveBack();
    expect(await takeAll(station, 'A1', [new TestDevice('aa-02')])).toMatchObject([
      { ok: false, code: 'lot-used-up' },
    ]);
    const reclaimed = await reclaimUnits(owner.home, statement, { dryRun: false });
    expect(reclaimed.ranges).toEqual([{ from: 1, count: 8191 }]);
    expect(await refusal(reclaimUnits(owner.home, statement, { dryRun: false }))).toBe(
      'return-replayed',
    );
    const { grantId } = await again();
    // An old statement frees nothing that left under a later grant.
    expect(await refusal(reclaimUnits(owner.home, statement, { dryRun: false }))).toBe(
      'return-replayed',
    );
    expect(await refusal(again())).toBe('already-allocated');
    expect(grantId).toMatch(/^kg_/);
  });

  it('states the same again when it is asked again', async () => {
    await grant(0);
    const first = payloadOf(await giveBack());
    const second = payloadOf(await giveBack());
    expect(second['returns']).toEqual(first['returns']);
  });

  it('is the owner’s own one too', async () => {
    const range = { from: 0, count: 100 };
    await takeAll(owner, 'A1', [new TestDevice('aa-01')], range);
    const statement = await giveBack(owner);
    using bench = await openStation(owner.home, owner.credentials);
    const returns = [{ ranges: [{ from: 1, count: 100 }] }];
    const more = await signUnitReturn(
      { ...(payloadOf(statement) as UnitReturn), returns },
      {
        ...{ key: bench.signingKey, lot: headerOf(statement).lot ?? '' },
      },
    );
    // Unit 100 never left.
    expect(await refusal(reclaimUnits(owner.home, more, { dryRun: false }))).toBe('outside-grant');
    await reclaimUnits(owner.home, statement, { dryRun: false });
    const { lot } = await findLot(owner.home, 'A1');
    const book = bookOf(owner.home, lot);
    expect(await refusal(book.requireFree({ from: 1, count: 99 }))).toBe('not refused');
    expect(await refusal(book.requireFree({ from: 0, count: 1 }))).toBe('already-allocated');
  });

  it('is not believed where its statement is altered, forged, foreign or of another lot', async () => {
    await grant(0);
    const statement = await giveBack();
    const take = (jws: string, at: TestHome = owner) =>
      refusal(reclaimUnits(at.home, jws, { dryRun: true }));
    expect(await take(statement)).toBe('not refused');
    const more = withPart(statement, 1, (json) => json.replace('"count":4096', '"count":4095'));
    expect(await take(more)).toBe('return-altered');
    expect(await take('hello')).toBe('return-invalid');
    expect(await take(statement, station)).toBe('not-found');
    await using stranger = await makeOwner();
    expect(await take(statement, stranger)).toBe('return-foreign');
    const said = payloadOf(statement) as UnitReturn;
    const { lot = '' } = headerOf(statement);
    const key = otherKey();
    expect(await take(await signUnitReturn(said, { key, lot }))).toBe('return-forged');
    const stationKey = toBase64(spkiOf(key));
    const claimed = await signUnitReturn({ ...said, stationKey }, { key, lot });
    expect(await take(claimed)).toBe('return-forged');
  });
});
