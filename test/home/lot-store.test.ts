import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Home } from '../../src/home/home.ts';
import { LotStore } from '../../src/home/lot-store.ts';
import { lotIdOf } from '../../src/model/ids.ts';
import type { Lot } from '../../src/model/lot.ts';
import { openLotDescriptor, sealLot } from '../../src/seals/lot-descriptor.ts';
import { ownerKey, refusal, sealFixture, withPart } from '../seals/fixtures.ts';

const descriptor = sealFixture('lot.jws');
const lot = await openLotDescriptor(descriptor);

let path: string;
let home: Home;
let store: LotStore;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'keyline-lots-'));
  home = Home.at(path);
  store = new LotStore(home);
});

afterEach(() => rm(path, { recursive: true }));

async function addAnother(change: Partial<Lot>): Promise<Lot> {
  const other: Lot = { ...lot, lotId: lotIdOf(Buffer.alloc(16, 9)), ...change };
  await store.add(other, await sealLot(other, await ownerKey()));
  return other;
}

describe('the lots of a home', () => {
  it('are none in a home that is not there', async () => {
    expect(await store.list()).toEqual({ lots: [], damaged: [] });
    expect(await refusal(store.find('V1'))).toBe('not-found');
  });

  it('are found by code and by id, as typed from a label too', async () => {
    await store.add(lot, descriptor);
    expect(await store.find('V1')).toEqual({ lot, descriptor });
    expect((await store.find(lot.lotId)).lot).toEqual(lot);
    expect((await store.find(lot.lotId.toUpperCase())).lot).toEqual(lot);
    expect(await refusal(store.find('v1'))).toBe('not-found');
    expect(await refusal(store.find('../V1'))).toBe('not-found');
  });

  it('with one code are told apart by id only', async () => {
    await store.add(lot, descriptor);
    const other = await addAnother({ createdAt: '2026-02-01T00:00:00Z' });
    expect(await refusal(store.find('V1'))).toBe('ambiguous');
    expect((await store.find(other.lotId)).lot).toEqual(other);
    expect((await store.list()).lots.map((stored) => stored.lot.lotId)).toEqual([
      lot.lotId,
      other.lotId,
    ]);
  });

  it('take the same descriptor twice and another one for that id never', async () => {
    expect(await store.add(lot, descriptor)).toBe(true);
    expect(await store.add(lot, descriptor)).toBe(false);
    const changed = { ...lot, size: 20_000 };
    const sealed = await sealLot(changed, await ownerKey());
    expect(await refusal(store.add(changed, sealed))).toBe('already-exists');
    expect((await store.get(lot.lotId))?.lot.size).toBe(10_000);
  });

  it('that were tampered with on disk are refused, and left out of a list with what is wrong', async () => {
    await addAnother({ code: 'V2' });
    await store.add(lot, descriptor);
    const altered = withPart(descriptor, 1, (json) => json.replace('ACME', 'EVIL'));
    await writeFile(join(store.directory(lot.lotId), 'lot.jws'), altered);
    expect(await refusal(store.find(lot.lotId))).toBe('descriptor-invalid: signature');
    const { lots, damaged } = await store.list();
    expect(lots.map((stored) => stored.lot.code)).toEqual(['V2']);
    expect(damaged.map(({ lotId }) => lotId)).toEqual([lot.lotId]);
  });

  it('in the folder of another lot are refused', async () => {
    const directory = home.lotDir(lotIdOf(Buffer.alloc(16, 1)));
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'lot.jws'), descriptor);
    expect(await refusal(store.find(lotIdOf(Buffer.alloc(16, 1))))).toBe('descriptor-invalid');
  });

  it('stay closed once closed; a state that cannot be read is no open lot', async () => {
    await store.add(lot, descriptor);
    await store.close(lot.lotId, '2026-03-01T00:00:00Z');
    expect((await store.find('V1')).closedAt).toBe('2026-03-01T00:00:00Z');
    await writeFile(join(store.directory(lot.lotId), 'state.json'), '{"closed');
    expect(await refusal(store.find(lot.lotId))).toBe('descriptor-invalid');
  });
});
