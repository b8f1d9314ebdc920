import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reportHtml } from '../../src/cli/report-html.ts';
import { describeReport } from '../../src/cli/describe-report.ts';
import { ensureLedgerFolder } from '../../src/home/ledger-paths.ts';
import { createLot } from '../../src/job/create-lot.ts';
import { stationReport } from '../../src/job/station-report.ts';
import type { ReportRequest, StationReport } from '../../src/job/station-report.ts';
import { exportLines } from '../../src/ledger/export-lines.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { Lot } from '../../src/model/lot.ts';
import { collect, MACHINE, otherStation, station } from '../ledger/station.ts';
import { refusal } from '../seals/fixtures.ts';
import { lotRequest, makeOwner } from './lot-home.ts';

let owner: Awaited<ReturnType<typeof makeOwner>>;
let lot: Lot;
let now: number;

const clock = { now: () => new Date(now) };
const pass = (at: string): void => {
  now = Date.parse(at);
};

beforeEach(async () => {
  owner = await makeOwner();
  const { credentials } = owner;
  const request = lotRequest({ size: 100, spare: 10, model: 'M7' });
  ({ lot } = await createLot(owner.home, request, { credentials }));
});
afterEach(() => owner[Symbol.asyncDispose]());

async function record(
  path: string,
  work: (ledger: Ledger) => Promise<void>,
  by = station(),
): Promise<string[]> {
  const options = { station: by, toolVersion: '0.1.0', machineId: MACHINE, clock };
  await using ledger = await openLedger(path, options);
  await work(ledger);
  return await collect(exportLines(ledger, await ledger.signedHead()));
}

async function device(
  ledger: Ledger,
  hardwareId: string,
  ...results: readonly ('pass' | 'fail')[]
): Promise<void> {
  const at = { slot: '1', operator: 'mia' };
  const { index } = await ledger.reserve({ hardwareId, lotId: lot.lotId, ...at });
  const unit = { lotId: lot.lotId, index, hardwareId, ...at };
  for (const result of results) {
    await ledger.record({ type: 'writing', ...unit });
    now += 2000;
    await ledger.record({ type: 'written', ...unit });
    if (result === 'fail') {
      const reason = '<img src=x onerror=alert(1)> "gone"';
      await ledger.record({ type: 'failed', ...unit, code: 'not-stored', reason });
    } else {
      const proof = { evidence: { kind: 'proof', detail: '' }, idAfter: hardwareId } as const;
      await ledger.record({ type: 'verified', ...unit, ...proof });
    }
  }
}

const admit = (ledger: Ledger, from: number, count: number): Promise<unknown> =>
  ledger.admit({ lotId: lot.lotId, size: 100, spare: 10, ranges: [{ from, count }] });

/** Two days of one station. */
async function twoDays(): Promise<string> {
  const path = await ensureLedgerFolder(owner.home);
  pass('2026-11-24T08:00:00Z');
  await record(path, async (ledger) => {
    await admit(ledger, 0, 50);
    await device(ledger, 'a', 'pass');
    await device(ledger, 'b', 'fail', 'pass');
    pass('2026-11-25T08:00:00Z');
    await device(ledger, 'c', 'fail');
    await device(ledger, '<b>&d', 'pass');
    const { index } = await ledger.reserve({ hardwareId: 'e', lotId: lot.lotId });
    await ledger.record({ type: 'writing', lotId: lot.lotId, index, hardwareId: 'e' });
  });
  return path;
}

const report = (change: Partial<ReportRequest> = {}): Promise<StationReport> =>
  stationReport(
    owner.home,
    { lot: 'A1', ledgers: [], ...change },
    { clock: { now: () => new Date('2026-11-26T00:00:00Z') } },
  );

describe('a station’s report', () => {
  it('says what came of every device, how long it took, and what is still to do', async () => {
    await twoDays();
    const found = await report();
    expect(found.total).toEqual({
      ...{ units: 4, passed: 3, first: 4, firstPassed: 2, yield: 0.75, firstPassYield: 0.5 },
    });
    expect(found.cycles).toEqual({ count: 3, medianMs: 2000, p95Ms: 2000 });
    expect(found.failures.byCode).toEqual([
      { name: 'not-stored', failed: 2, turnedAway: 0, passed: 0 },
    ]);
    expect(found.failures.byOperator).toEqual([
      { name: 'mia', failed: 2, turnedAway: 0, passed: 3 },
    ]);
    expect(found.open.map(({ serial, state, code }) => [serial, state, code])).toEqual([
      ['ACME-A1-00000002', 'failed', 'not-stored'],
      ['ACME-A1-00000004', 'writing', undefined],
    ]);
    expect(found.open[0]?.commands).toEqual([`keyline unit scrap A1 2 --reason 'beyond repair'`]);
    expect(found.reconciliation).toMatchObject({
      addsUp: true,
      planned: { total: 100, notAdmitted: 50, free: 45, states: { verified: 3, failed: 1 } },
    });
  });

  it('of a day has that day’s results, and what is to do now', async () => {
    await twoDays();
    const day = { since: '2026-11-25T00:00:00Z', until: '2026-11-25T23:59:59Z' };
    const found = await report(day);
    expect(found.total).toMatchObject({ units: 2, passed: 1, first: 2, firstPassed: 1 });
    expect(found.slices).toHaveLength(1);
    expect(found.openCount).toBe(2);
    expect(await refusal(report({ since: day.until, until: day.since }))).toBe('usage');
  });

  it('is the same text for the same ledgers, as a page and on a terminal of 80 columns', async () => {
    await twoDays();
    const [one, two] = [await report(), await report()];
    expect(reportHtml(one)).toBe(reportHtml(two));
    expect(describeReport(one)).toBe(describeReport(two));
    const wide = describeReport(one)
      .split('\n')
      .filter((line) => line.length > 80);
    expect(wide).toEqual([]);
  });

  it('is a page that loads nothing and in which a device can say nothing but text', async () => {
    await twoDays();
    const page = reportHtml(await report());
    expect(page).not.toMatch(/<img|<script|<b>|\shref=|src=x onerror=alert\(1\)>/);
    expect(page).not.toMatch(/(?:https?:)?\/\/[a-z]/i);
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt; &quot;gone&quot;');
    for (const chart of page.match(/<svg [^>]*>/g) ?? []) {
      expect(chart).toMatch(/role="img"\s+aria-label="[^"]{20,}|aria-hidden="true"/);
    }
    const opened = page.match(/<(?!meta|!doctype|\/)[a-z0-9]+(?:\s[^>]*)?(?<!\/)>/gi) ?? [];
    expect(opened.length).toBe((page.match(/<\/[a-z0-9]+\s*>/gi) ?? []).length);
  });

  it('adds up several stations, and says where they contradict each other', async () => {
    const own = await twoDays();
    pass('2026-11-25T09:00:00Z');
    const lines = await record(
      join(owner.path, 'second.sqlite'),
      async (ledger) => {
        await admit(ledger, 50, 50);
        await device(ledger, 'x', 'pass');
      },
      otherStation(),
    );
    const second = join(owner.path, 'second.ndjson');
    await writeFile(second, lines.join(''));
    const found = await report({ ledgers: [second, own] });
    expect(found.ledgers.map(({ station: name }) => name)).toEqual(['line-1', 'line-2']);
    expect(found.total).toMatchObject({ units: 5, passed: 4 });
    expect(found.failures.byStation.map(({ name }) => name)).toEqual(['line-1', 'line-2']);
    expect(found.reconciliation).toMatchObject({ addsUp: true, planned: { notAdmitted: 0 } });
    expect(found.conflicts.count).toBe(0);
    const third = join(owner.path, 'third.sqlite');
    await record(
      third,
      async (ledger) => {
        await admit(ledger, 0, 100);
        await device(ledger, 'y', 'pass');
      },
      otherStation(),
    );
    const wrong = await report({ ledgers: [third] });
    expect(wrong.reconciliation.addsUp).toBe(false);
    expect(wrong.conflicts.listed.map(({ kind }) => kind)).toEqual(['unit', 'claim']);
    expect(reportHtml(wrong)).toContain('✗ Not accounted for');
    expect(describeReport(wrong)).toContain('contradict');
  });
});
