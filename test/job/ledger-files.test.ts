import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ledgerPath } from '../../src/home/ledger-paths.ts';
import { parseLogMap } from '../../src/job/board-log.ts';
import { createLot } from '../../src/job/create-lot.ts';
import { exportLedger } from '../../src/job/export-ledger.ts';
import { importLedger } from '../../src/job/import-ledger.ts';
import type { LedgerImport } from '../../src/job/import-ledger.ts';
import { bookOf } from '../../src/job/open-lot.ts';
import { initStation } from '../../src/job/station-init.ts';
import { verifyLedger } from '../../src/job/verify-ledger.ts';
import type { KeylineError } from '../../src/kernel/errors.ts';
import { openLedgerReader } from '../../src/ledger/open-ledger.ts';
import type { Lot } from '../../src/model/lot.ts';
import { refusal } from '../seals/fixtures.ts';
import { lotRequest, makeOwner, makeStation } from './lot-home.ts';

let owner: Awaited<ReturnType<typeof makeOwner>>;
let lot: Lot;
let log: string;

beforeEach(async () => {
  owner = await makeOwner();
  await initStation(owner.home, { name: 'line-1', recipients: [owner.recipient] }, undefined);
  ({ lot } = await createLot(owner.home, lotRequest({ size: 100 }), {
    credentials: owner.credentials,
  }));
  const range = { from: 10, count: 5 };
  const entry = { range, purpose: 'manifest', who: 'ada', reference: 'gang.csv' } as const;
  await bookOf(owner.home, lot).allocate(entry);
  log = join(owner.path, 'gang.log');
});
afterEach(() => owner[Symbol.asyncDispose]());

const serial = (index: number): string => `ACME-A1-${String(index).padStart(8, '0')}`;
const board = (index: number, result: string, id = `id-${index}`): string =>
  `${serial(index)},${id},${result},1.2\n`;

async function take(rows: string, change: Partial<LedgerImport> = {}) {
  await writeFile(log, `SN,MAC,RES,FW\r\n${rows}`);
  const map = parseLogMap('serial=SN,result=RES,hardwareId=MAC,firmware=FW');
  const words = { pass: ['pass'], fail: ['fail'] };
  const { credentials } = owner;
  const request = { log, map, ...words, allocation: 'gang.csv', ...change };
  return importLedger(owner.home, request, { credentials, toolVersion: '0.1.0' });
}

async function defects(rows: string): Promise<readonly string[]> {
  const error = await take(rows).then(
    () => undefined,
    (thrown: unknown) => thrown as KeylineError,
  );
  expect(error?.code).toBe('import-defective');
  return (error?.facts['defects'] ?? []) as readonly string[];
}

describe('importing a log', () => {
  it('takes every board with its result, its captures and where it stood in the log', async () => {
    const counts = { rows: 3, passed: 2, failed: 1, recorded: 3, known: 0, lot: 'A1' };
    expect(await take(board(10, 'PASS') + board(11, 'fail') + board(12, 'Pass'))).toMatchObject(
      counts,
    );
    using reader = await openLedgerReader(ledgerPath(owner.home));
    expect(reader.unit(lot.lotId, 10)).toMatchObject({
      ...{ state: 'done', hardwareId: 'id-10', captures: { firmware: '1.2' } },
      evidence: { kind: 'external', detail: 'gang.log line 2: PASS' },
    });
    expect(reader.unit(lot.lotId, 11)).toMatchObject({ state: 'failed', failures: 1 });
    expect(reader.counts(lot.lotId).planned).toMatchObject({ admitted: 5, elsewhere: 2, free: 0 });
  });

  it('changes nothing when a log comes again, and takes what was added to it', async () => {
    const first = board(10, 'fail') + board(10, 'pass') + board(11, 'fail');
    expect(await take(first)).toMatchObject({ recorded: 3, known: 0 });
    expect(await take(first)).toMatchObject({ recorded: 0, known: 3 });
    const later = first + board(11, 'pass') + board(12, 'pass');
    expect(await take(later)).toMatchObject({ recorded: 3, known: 2 });
    using reader = await openLedgerReader(ledgerPath(owner.home));
    expect(reader.unit(lot.lotId, 11)).toMatchObject({ state: 'done' });
  });

  it('records nothing where one row breaks a rule, and names each that does', async () => {
    const rows =
      board(10, 'pass') +
      board(20, 'pass') +
      board(11, 'pass', 'id-10') +
      board(10, 'pass', 'id-x');
    expect(await defects(rows)).toEqual([
      expect.stringMatching(/^gang.log line 3: pass: unit 20 is not one/) as string,
      expect.stringMatching(/^gang.log line 4: pass: device id-10 has unit 10/) as string,
      expect.stringMatching(/^gang.log line 5: pass: unit 10 belongs to device id-10/) as string,
    ]);
    using reader = await openLedgerReader(ledgerPath(owner.home));
    expect(reader.lots()).toEqual([]);
  });

  it('names each line that cannot be read', async () => {
    const other = `OTHER-1,id-1,pass,1\n`;
    const blank = `${serial(10)},00:00:00,pass,1\n`;
    const open = `${serial(10)},"id,pass,1\n`;
    const found = await defects(other + board(10, 'maybe') + blank + open + `${serial(10)},x\n`);
    expect(
      found.map((text) => text.replace(/^gang.log line (\d): .*? (is|the|fields).*/, '$1 $2')),
    ).toEqual([
      ...['2 is', '3 is', '4 is'],
      ...['gang.log line 5: the quotes of field 2 do not fit', '6 fields'],
    ]);
  });

  it('asks for an allocation of a lot, and not one of the station itself', async () => {
    expect(await refusal(take(board(10, 'pass'), { allocation: 'x' }))).toBe('not-found');
    const range = { from: 50, count: 5 };
    const own = { range, purpose: 'station', who: 'line-1', reference: 'own' } as const;
    await bookOf(owner.home, lot).allocate(own);
    expect(await refusal(take(board(50, 'pass'), { allocation: 'own' }))).toBe('not-found');
    expect(await refusal(take('', { log: join(owner.path, 'no.log') }))).toBe('not-found');
  });

  it('wants a map of the three columns', () => {
    expect(parseLogMap('serial=A,result=B,hardwareId=C,imei=D')).toEqual({
      ...{ serial: 'A', result: 'B', hardwareId: 'C', captures: { imei: 'D' } },
    });
    for (const text of [
      '',
      'serial=A,result=B',
      'serial=A,serial=B,result=C,hardwareId=D',
      'serial,result=B,hardwareId=C',
      '__proto__=A,serial=A,result=B,hardwareId=C',
    ]) {
      expect(() => parseLogMap(text)).toThrow(/--map/);
    }
  });
});

describe('a ledger of this home', () => {
  it('is verified, exported, and verified from its export by anybody', async () => {
    await take(board(10, 'pass') + board(11, 'fail'));
    const report = await verifyLedger(owner.home, {});
    expect(report).toMatchObject({ kind: 'ledger', issues: [], station: 'line-1' });
    const file = join(owner.path, 'events.ndjson');
    const { credentials } = owner;
    const output = { path: file, force: false };
    const exported = await exportLedger(owner.home, { output }, { credentials });
    expect(exported.head).toEqual(report.head);
    await using other = await makeStation();
    const elsewhere = await verifyLedger(other.home, { file });
    expect(elsewhere).toMatchObject({ kind: 'export', issues: [], signedSeq: report.head.seq });
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('id-10', 'id-99'));
    expect((await verifyLedger(other.home, { file })).issues).not.toEqual([]);
    // Nobody else can sign it.
    const foreign = {
      output: { path: join(owner.path, 'x'), force: false },
      ledger: ledgerPath(owner.home),
    };
    const by = { credentials: other.credentials };
    expect(await refusal(exportLedger(other.home, foreign, by))).toBe('ledger-foreign: station');
  });

  it('that was never begun is not there', async () => {
    const output = { path: join(owner.path, 'x'), force: false };
    const { credentials } = owner;
    expect(await refusal(verifyLedger(owner.home, {}))).toBe('not-found');
    expect(await refusal(exportLedger(owner.home, { output }, { credentials }))).toBe('not-found');
    await writeFile(output.path, 'hello\n');
    expect(await refusal(verifyLedger(owner.home, { file: output.path }))).toBe('ledger-damaged');
  });
});
