import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ensureLedgerFolder } from '../../src/home/ledger-paths.ts';
import { createLot } from '../../src/job/create-lot.ts';
import { openLot, bookOf } from '../../src/job/open-lot.ts';
import { openStation } from '../../src/job/open-station.ts';
import { printLabels } from '../../src/job/print-labels.ts';
import type { LabelRequest } from '../../src/job/print-labels.ts';
import { parseLabelTarget } from '../../src/job/label-outlet.ts';
import { showUnit } from '../../src/job/show-unit.ts';
import { initStation } from '../../src/job/station-init.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { Lot } from '../../src/model/lot.ts';
import { startPrinter } from '../label/fake-printer.ts';
import { readPng, readQr, readZpl } from '../label/read-label.ts';
import { collect } from '../ledger/station.ts';
import { lotRequest, makeOwner } from './lot-home.ts';

// The library of codes is 2 MB of source: the first label on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000 });

let owner: Awaited<ReturnType<typeof makeOwner>>;
let lot: Lot;

beforeEach(async () => {
  owner = await makeOwner();
  const request = lotRequest({ labelBaseUrl: 'https://r.example/', model: 'M7' });
  ({ lot } = await createLot(owner.home, request, { credentials: owner.credentials }));
});
afterEach(async () => {
  await owner[Symbol.asyncDispose]();
});

const STYLE = { code: 'qr', format: 'zpl', widthMm: 60, heightMm: 30, dpi: 300 } as const;

async function print(output: string, change: Partial<LabelRequest> = {}, timeoutMs = 5_000) {
  const path = output.includes('://') ? output : join(owner.path, output);
  const target = await parseLabelTarget(path);
  await using open = await openLot(owner.home, lot.code, owner.credentials);
  const range = { from: 7, count: 1 };
  const request = { ...({ range, target, output, force: false, content: 'serial' } as const) };
  return await printLabels(
    owner.home,
    open,
    { ...request, style: STYLE, withClaim: false, ...change },
    { credentials: owner.credentials, toolVersion: '0.1.0', timeoutMs },
  );
}

async function withLedger<T>(
  use: (ledger: Awaited<ReturnType<typeof openLedger>>) => T | Promise<T>,
) {
  using station = await openStation(owner.home, owner.credentials);
  const path = await ensureLedgerFolder(owner.home);
  await using ledger = await openLedger(path, { station, toolVersion: '0.1.0' });
  return await use(ledger);
}

async function becomeStation(): Promise<void> {
  await initStation(owner.home, { name: 'line-1', recipients: [owner.recipient] }, undefined);
  const { lotId, size, spare } = lot;
  await withLedger((ledger) =>
    ledger.admit({ lotId, size, spare, ranges: [{ from: 0, count: 100 }] }),
  );
}

const entries = () => bookOf(owner.home, lot).entries();

describe('labels with a claim', () => {
  it('say the claim URL of their own unit, in files that only their owner reads', async () => {
    const range = { from: 5, count: 3 };
    await print('labels/', { range, withClaim: true, style: { ...STYLE, format: 'png' } });
    await using open = await openLot(owner.home, lot.code, owner.credentials);
    const names = await readdir(join(owner.path, 'labels'));
    expect(names).toEqual([5, 6, 7].map((index) => `ACME-A1-0000000${index}.png`));
    for (const [at, name] of names.entries()) {
      const path = join(owner.path, 'labels', name);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      const unit = await showUnit(open, 5 + at, { reveal: true });
      expect(readQr(readPng(await readFile(path)))).toBe(
        `https://r.example/c/${String(unit['endpointKey'])}#${String(unit['claimCode'])}`,
      );
    }
  });

  it('are refused where the lot has no label URL', async () => {
    ({ lot } = await createLot(owner.home, lotRequest({ code: 'B1', serialTemplate: 'B{n:8}' }), {
      credentials: owner.credentials,
    }));
    await expect(print('l.zpl', { withClaim: true })).rejects.toMatchObject({ code: 'usage' });
    expect(await entries()).toEqual([]);
  });

  it('alone may name the claim in their template', async () => {
    const template = '{model}\n{claimCode}';
    await expect(print('l.zpl', { template })).rejects.toMatchObject({
      ...{ code: 'label-template-invalid', facts: { line: 2, column: 1 } },
    });
    await print('l.zpl', { template, withClaim: true });
    const { texts } = readZpl(await readFile(join(owner.path, 'l.zpl'), 'utf8'));
    expect(texts).toEqual(['M7', expect.stringMatching(/^[0-9a-hjkmnp-tv-z]{16}$/)]);
  });
});

describe('an owner’s print', () => {
  it('is an entry of the allocation book, and a second one wants a reason', async () => {
    expect(await print('a.zpl')).toMatchObject({ labels: 1, record: 'allocation book' });
    const again = { range: { from: 0, count: 10 } };
    await expect(print('b.zpl', again)).rejects.toMatchObject({
      ...{ code: 'already-printed', facts: { index: 7 } },
    });
    await print('b.zpl', { ...again, reprint: 'torn' });
    expect(await entries()).toMatchObject([
      { from: 7, count: 1, purpose: 'label', reference: 'a.zpl' },
      { from: 0, count: 10, purpose: 'label', again: 'torn' },
    ]);
  });

  it('takes no credential out of the lot, and a credential that left hinders no label', async () => {
    await print('a.zpl');
    const book = bookOf(owner.home, lot);
    const range = { from: 0, count: 100 };
    await book.allocate({ range, purpose: 'manifest', who: 'me' });
    await expect(book.requireFree(range)).rejects.toMatchObject({ code: 'already-allocated' });
    await print('b.zpl', { range: { from: 8, count: 2 } });
  });

  it('of several labels is one ZPL file, and no one SVG', async () => {
    const range = { from: 0, count: 3 };
    const svg = { ...STYLE, format: 'svg' } as const;
    await expect(print('x.svg', { range, style: svg })).rejects.toMatchObject({ code: 'usage' });
    await print('x.zpl', { range });
    const labels = (await readFile(join(owner.path, 'x.zpl'), 'utf8')).split(/(?<=\^XZ\n)/);
    expect(labels.map((label) => readQr(readZpl(label)))).toEqual(
      [0, 1, 2].map((index) => `ACME-A1-0000000${index}`),
    );
  });
});

describe('a station’s print', () => {
  it('is an event for each label, and a reprint one with its reason', async () => {
    await becomeStation();
    expect(await print('a.zpl', { range: { from: 7, count: 2 } })).toMatchObject({
      ...{ labels: 2, record: 'ledger' },
    });
    await expect(print('b.zpl')).rejects.toMatchObject({ code: 'already-printed' });
    await print('b.zpl', { reprint: 'torn', range: { from: 8, count: 2 } });
    expect(await entries()).toEqual([]);
    await withLedger(async (ledger) => {
      const events = await collect(ledger.entries(3), ({ event }) => event);
      expect(events.map((event) => [event.type, 'index' in event && event.index])).toEqual([
        ...[
          ['printed', 7],
          ['printed', 8],
          ['printed', 8],
          ['printed', 9],
        ],
      ]);
      expect(events.map((event) => 'reason' in event && event.reason)).toEqual([
        ...[false, false, 'torn', false],
      ]);
      expect(ledger.labels(lot.lotId, 8)).toBe(2);
    });
  });
});

describe('a print that does not come out', () => {
  it('leaves nothing on record where the printer is not there', async () => {
    await using printer = await startPrinter();
    await becomeStation();
    const { address } = printer;
    await printer[Symbol.asyncDispose]();
    await expect(print(address)).rejects.toMatchObject({ code: 'printer-unreachable' });
    await withLedger((ledger) => {
      expect(ledger.labels(lot.lotId, 7)).toBe(0);
    });
  });

  it.each(['never reads', 'hangs up', { after: 20_000 }] as const)(
    'says how many labels a printer took that %j',
    async (behaviour) => {
      await using printer = await startPrinter();
      printer.behaviour = behaviour;
      const range = { from: 0, count: 1_000 };
      // Labels of 36 kB, more than the system holds for a printer.
      const template = Array.from({ length: 20 }, () => '€'.repeat(200)).join('\n');
      const style = { ...STYLE, widthMm: 400, heightMm: 300 };
      const failed = (await print(printer.address, { range, template, style }, 200).catch(
        (error: unknown) => error,
      )) as { code: string; message: string; facts: { labels: number; of: number } };
      expect(failed.code).toBe('printer-failed');
      expect(failed.facts.of).toBe(1_000);
      expect(failed.facts.labels).toBeLessThan(1_000);
      expect(failed.message).toContain(`after ${failed.facts.labels} of 1000 labels`);
    },
  );
});

describe('a printer', () => {
  it('gets the labels of a range, in order, as ZPL', async () => {
    await using printer = await startPrinter();
    await print(printer.address, { range: { from: 0, count: 5 } });
    await printer.done(1);
    const labels = (printer.jobs[0] ?? '').split(/(?<=\^XZ\n)/);
    expect(labels.map((label) => readQr(readZpl(label)))).toEqual(
      [0, 1, 2, 3, 4].map((index) => `ACME-A1-0000000${index}`),
    );
  });
});
