import { copyFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ledgerPath } from '../../src/home/ledger-paths.ts';
import { createLot } from '../../src/job/create-lot.ts';
import { grantLot } from '../../src/job/grant-lot.ts';
import { importLot } from '../../src/job/import-lot.ts';
import { bookOf, findLot } from '../../src/job/open-lot.ts';
import { planRecovery, recoverUnits } from '../../src/job/recover-units.ts';
import { planRetirement, retireLedger } from '../../src/job/retire-ledger.ts';
import { readAllocations } from '../../src/job/show-lot.ts';
import type { Range } from '../../src/model/range.ts';
import { collect } from '../ledger/station.ts';
import { refusal } from '../seals/fixtures.ts';
import { look, takeAll, TOOL } from './line-home.ts';
import { contentOf, lotRequest, makeOwner, makeStation } from './lot-home.ts';
import { TestDevice } from './provision-rig.ts';

let owner: Awaited<ReturnType<typeof makeOwner>>;
let station: Awaited<ReturnType<typeof makeStation>>;
let grantId: string;

beforeEach(async () => {
  owner = await makeOwner();
  station = await makeStation();
  const { credentials } = owner;
  await createLot(owner.home, lotRequest({ model: 'W1' }), { credentials });
  const path = join(owner.path, 'grant');
  const request = {
    ...{ lot: 'A1', range: { from: 0, count: 4096 }, card: station.cardJws, issue: false },
    output: { path, force: false },
  };
  ({ grantId } = await grantLot(owner.home, request, { credentials }));
  using content = await contentOf(path);
  await importLot(station.home, content, { credentials: () => station.credentials });
});
afterEach(async () => {
  await owner[Symbol.asyncDispose]();
  await station[Symbol.asyncDispose]();
});

const take = (...ids: string[]) =>
  takeAll(
    station,
    'A1',
    ids.map((id) => new TestDevice(id)),
  );
const lose = () => rm(ledgerPath(station.home));

async function recover(range: Range, reference = 'A1'): Promise<readonly Range[]> {
  const plan = await planRecovery(station.home, reference, range);
  const by = { reason: 'the disk died at noon', operator: 'ada' };
  const effects = { credentials: station.credentials, toolVersion: TOOL };
  return await recoverUnits(station.home, plan, by, effects);
}

describe('a ledger that was lost', () => {
  it('takes its units with it, and only those that a supervisor confirms come free', async () => {
    expect(await take('aa-01', 'aa-02')).toMatchObject([{ index: 0 }, { index: 1 }]);
    await lose();
    expect(await refusal(take('aa-03'))).toBe('already-allocated');
    expect(await recover({ from: 100, count: 3 })).toEqual([{ from: 100, count: 3 }]);
    const next = await take('aa-03', 'aa-04', 'aa-05', 'aa-06');
    expect(next).toMatchObject([
      ...[{ index: 100 }, { index: 101 }, { index: 102 }],
      { ok: false, code: 'lot-used-up' },
    ]);
  });

  it('is on record in both places, with the reason and who gave it', async () => {
    await take('aa-01');
    await lose();
    await recover({ from: 100, count: 50 }, grantId);
    const { entries } = await readAllocations(station.home, 'A1');
    expect(entries.at(-1)).toMatchObject({
      ...{ from: 100, count: 50, purpose: 'station', who: 'line-1' },
      again: 'never written, says ada: the disk died at noon',
    });
    const events = await look(station, (reader) => collect(reader.entries(2)));
    expect(events.map(({ event }) => event)).toMatchObject([
      {
        ...{ type: 'admitted', ranges: [{ from: 100, count: 50 }], reference: grantId },
        ...{ reason: 'the disk died at noon', operator: 'ada' },
      },
    ]);
  });

  it('gives nothing any more when it turns up again', async () => {
    await take('aa-01');
    const [path, aside] = [ledgerPath(station.home), join(station.path, 'aside')];
    await rename(path, aside);
    await recover({ from: 0, count: 10 });
    expect(await take('aa-02')).toMatchObject([{ index: 0 }]);
    await rename(aside, path);
    expect(await refusal(take('aa-03'))).toBe('ledger-rolled-back');
    expect(await refusal(recover({ from: 20, count: 1 }))).toBe('ledger-rolled-back');
  });

  it('can be lost twice', async () => {
    await take('aa-01');
    await lose();
    await recover({ from: 100, count: 10 });
    await take('aa-02');
    await lose();
    expect(await refusal(take('aa-03'))).toBe('already-allocated');
    await recover({ from: 105, count: 5 });
    expect(await take('aa-03')).toMatchObject([{ index: 105 }]);
  });
});

describe('units', () => {
  it('that no lost ledger had stay what they are', async () => {
    const one = { from: 5000, count: 1 };
    expect(await refusal(recover(one))).toBe('outside-grant');
    expect(await refusal(recover({ from: 10_100, count: 1 }))).toBe('range-outside-lot');
    // Nobody has had them yet.
    expect(await refusal(recover({ from: 7, count: 1 }))).toBe('not-burnt');
    await take('aa-01');
    // They are this ledger's.
    expect(await refusal(recover({ from: 7, count: 1 }))).toBe('not-burnt');
    await lose();
    const { lot } = await findLot(station.home, 'A1');
    const range = { from: 8, count: 1 };
    await bookOf(station.home, lot).allocate({ range, purpose: 'reveal', who: 'x', again: 'test' });
    expect(await refusal(recover({ from: 7, count: 2 }))).toBe('not-burnt');
    expect(await recover({ from: 9, count: 2 })).toEqual([{ from: 9, count: 2 }]);
    expect(await refusal(recover({ from: 9, count: 2 }))).toBe('not-burnt');
  });

  it('are named by a grant or a lot of this home', async () => {
    await take('aa-01');
    await lose();
    const other = grantId.replace(/.$/, (last) => (last === '0' ? '4' : '0'));
    expect(await refusal(recover({ from: 7, count: 1 }, other))).toBe('not-found');
    expect(await refusal(recover({ from: 7, count: 1 }, 'B7'))).toBe('not-found');
    expect(await recover({ from: 7, count: 1 }, grantId.toUpperCase())).toHaveLength(1);
  });
});

describe('a ledger that is set aside', () => {
  const retire = (witness?: string) =>
    retireLedger(
      station.home,
      { reason: 'an old image', operator: 'ada', witness },
      { credentials: station.credentials, toolVersion: TOOL },
    );
  const kept = (folder: string) => readdir(join(dirname(ledgerPath(station.home)), folder));

  it('is kept with all that remembers it, and stands in the next one’s first event', async () => {
    await take('aa-01');
    const path = ledgerPath(station.home);
    const { epoch } = await look(station, (reader) => reader.identity);
    const { seq } = await look(station, (reader) => reader.head());
    const witness = join(station.path, 'witness');
    await copyFile(path, `${path}.acknowledged`);
    await writeFile(witness, 'a head');
    const { folder } = await retire(witness);
    expect((await kept(folder)).sort()).toEqual([
      ...['ledger.sqlite', 'ledger.sqlite.acknowledged', 'witness-witness'],
    ]);
    const next = await look(station, (reader) => reader.identity);
    expect(next.epoch).not.toBe(epoch);
    const retired = { folder, reason: 'an old image', operator: 'ada', epoch, seq };
    expect(next.retired).toEqual(retired);
    // Nothing came free by it.
    expect(await refusal(take('aa-02'))).toBe('already-allocated');
    await recover({ from: 100, count: 1 });
    expect(await take('aa-02')).toMatchObject([{ index: 100 }]);
  });

  it('may be damaged, or gone with only a head of it left', async () => {
    await take('aa-01');
    const path = ledgerPath(station.home);
    await writeFile(path, 'no ledger any more');
    expect(await refusal(take('aa-02'))).toBe('ledger-damaged');
    expect(await kept((await retire()).folder)).toEqual(['ledger.sqlite']);
    await rename(path, `${path}.acknowledged`);
    expect(await kept((await retire()).folder)).toEqual(['ledger.sqlite.acknowledged']);
  });

  it('is none where there is nothing of one, or somebody has it open', async () => {
    expect(await refusal(retire())).toBe('not-found');
    await take('aa-01');
    await look(station, async () => {
      expect(await refusal(planRetirement(station.home, {}))).toBe('ledger-busy');
    });
  });
});
