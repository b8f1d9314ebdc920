import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AllocationBook } from '../../src/home/allocation-book.ts';
import { Home } from '../../src/home/home.ts';
import { admitUnits } from '../../src/job/admit-units.ts';
import type { OpenLot } from '../../src/job/open-lot.ts';
import { LOT, makeBench } from '../ledger/station.ts';
import type { Bench } from '../ledger/station.ts';
import { refusal } from '../seals/fixtures.ts';

const GRANTED = { from: 0, count: 4096 };
// Of an open lot, admission looks at these alone.
const open = {
  lot: { lotId: LOT, code: 'A1', size: 20_000, spare: 0 },
  by: 'grant',
  grants: [{ statement: { grantId: 'kg_one', ranges: [GRANTED] } }],
} as unknown as OpenLot;

let bench: Bench;
let book: AllocationBook;

beforeEach(async () => {
  bench = await makeBench();
  book = AllocationBook.open(Home.at(join(bench.folder, 'home')), LOT);
});
afterEach(() => bench[Symbol.asyncDispose]());

async function admit(): Promise<readonly object[]> {
  await using ledger = await bench.open();
  return await admitUnits(ledger, open, { station: 'line-1', book });
}

describe('a grant', () => {
  it('is its ledger’s at every start, and stands in the book once', async () => {
    expect(await admit()).toEqual([GRANTED]);
    expect(await admit()).toEqual([GRANTED]);
    expect(await book.entries()).toHaveLength(1);
  });

  it('is burnt with a ledger that was lost: its units are given to no other device', async () => {
    await admit();
    await rm(bench.path);
    expect(await refusal(admit())).toBe('already-allocated');
  });

  it('does not give units that left in a manifest with secrets', async () => {
    const range = { from: 100, count: 50 };
    await book.allocate({ range, purpose: 'manifest', who: 'line-1' });
    expect(await admit()).toEqual([
      { from: 0, count: 100 },
      { from: 150, count: 3946 },
    ]);
  });

  it('is not in its own way where owner and station share a home', async () => {
    const reference = 'kg_one';
    await book.allocate({ range: GRANTED, purpose: 'grant', who: 'line-1', reference });
    expect(await admit()).toEqual([GRANTED]);
    expect((await book.entries()).at(-1)).toMatchObject({ again: 'under grant kg_one' });
  });
});
