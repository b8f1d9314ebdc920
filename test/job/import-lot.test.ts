import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importLot } from '../../src/job/import-lot.ts';
import { findLot, openLot } from '../../src/job/open-lot.ts';
import { exportLot } from '../../src/job/export-lot.ts';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { Secret } from '../../src/kernel/secret.ts';
import { provisioningKeyOf } from '../../src/model/ids.ts';
import type { ProvisioningKey } from '../../src/model/ids.ts';
import type { Lot } from '../../src/model/lot.ts';
import { openLotDescriptor, sealLot } from '../../src/seals/lot-descriptor.ts';
import { ownerKey, refusal, sealFixture, withPart } from '../seals/fixtures.ts';
import { makeHome } from './lot-home.ts';
import type { TestHome } from './lot-home.ts';

const descriptor = sealFixture('lot.jws');
const lot = await openLotDescriptor(descriptor);

let test: TestHome;

beforeEach(async () => {
  test = await makeHome();
});

afterEach(() => test[Symbol.asyncDispose]());

const take = (text: string, expectKey?: ProvisioningKey) =>
  importLot(test.home, Secret.take(Buffer.from(text)), {
    expectKey,
    credentials: () => {
      throw new Error('a descriptor needs no credentials');
    },
  });

const sealed = async (change: Partial<Lot>): Promise<string> =>
  sealLot({ ...lot, ...change }, await ownerKey());

describe('lot import', () => {
  it('takes what lot export wrote, once', async () => {
    expect(await take(`${descriptor}\n`, lot.provisioningKey)).toEqual({
      lot,
      added: true,
      warnings: [],
    });
    expect((await take(descriptor)).added).toBe(false);
    const path = join(test.path, 'out');
    await exportLot(test.home, 'V1', { path, force: false });
    expect(await readFile(path, 'utf8')).toBe(`${descriptor}\n`);
  });

  it('refuses other bytes under an id that is here', async () => {
    await take(descriptor);
    expect(await refusal(take(await sealed({ size: 9 })))).toBe('already-exists');
    expect((await findLot(test.home, 'V1')).lot).toEqual(lot);
  });

  it('refuses a lot of another key than is expected', async () => {
    const other = provisioningKeyOf(new Uint8Array(16));
    expect(await refusal(take(descriptor, other))).toBe('key-mismatch');
  });

  it.each([
    ['nothing', ''],
    ['text', 'lot'],
    [
      'a descriptor that was altered',
      withPart(descriptor, 1, (json) => json.replace('ACME', 'EVIL')),
    ],
    ['a station card', sealFixture('station.jws')],
    ['a grant without its age file', sealFixture('grant.jws')],
    ['bytes that are no text', '\u0000\u00ff'],
  ])('refuses %s and keeps nothing', async (_name, text) => {
    expect(await refusal(take(text))).toMatch(/^descriptor-invalid/);
    expect(await refusal(findLot(test.home, lot.lotId))).toBe('not-found');
  });

  it('warns of a code and of serials that another lot has', async () => {
    await take(descriptor);
    const lotId = lot.lotId.replace(/^kl_d/, 'kl_e') as Lot['lotId'];
    const { warnings } = await take(await sealed({ lotId }));
    expect(warnings).toHaveLength(2);
    expect(await refusal(findLot(test.home, 'V1'))).toBe('ambiguous');
  });

  it('brings nothing to derive with', async () => {
    await take(descriptor);
    expect(await refusal(openLot(test.home, 'V1', test.credentials))).toBe('not-found');
  });
});
