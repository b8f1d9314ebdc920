import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/kernel/sqlite.ts';
import { exportLines, verifyExport } from '../../src/ledger/export-lines.ts';
import type { RecordedEvent } from '../../src/ledger/ledger.ts';
import { openLedgerReader } from '../../src/ledger/open-ledger.ts';
import { verifyLedgerFile } from '../../src/ledger/verify-ledger.ts';
import { refusal } from '../seals/fixtures.ts';
import { collect, LOT, makeBench, pass, passing, TEN } from './station.ts';
import type { Bench } from './station.ts';

let bench: Bench;
let events: number;

/** A ledger with something of everything. */
beforeEach(async () => {
  bench = await makeBench();
  await using ledger = await bench.open();
  await ledger.admit(TEN);
  await pass(ledger, 'a');
  const { index } = await ledger.reserve({ hardwareId: 'b', lotId: LOT });
  const unit = { lotId: LOT, index, hardwareId: 'b' };
  for (const event of passing(index, 'b').slice(0, 2)) await ledger.record(event);
  await ledger.record({ type: 'failed', ...unit, code: 'timeout', reason: 'no answer' });
  await ledger.record({ type: 'printed', lotId: LOT, index });
  await ledger.replace({ lotId: LOT, index: 0 }, { reason: 'worn' });
  events = ledger.head().seq;
});
afterEach(() => bench[Symbol.asyncDispose]());

/** Alters the file behind the ledger's back. */
async function alter(...sql: string[]): Promise<void> {
  const database = await openDatabase(bench.path);
  for (const one of sql) database.exec(one);
  database.close();
}

const problems = async (witness?: string): Promise<string[]> =>
  (await verifyLedgerFile(bench.path, { witness })).issues.map(({ problem }) => problem);

describe('verifying a ledger', () => {
  it('finds nothing wrong with one that nobody touched, and that all of it is signed', async () => {
    const report = await verifyLedgerFile(bench.path);
    expect(report).toMatchObject({ issues: [], signedSeq: events, station: 'line-1' });
    expect(report.head.seq).toBe(events);
  });

  it('finds a single flipped bit in any event', async () => {
    const database = await openDatabase(bench.path);
    const rows = database.prepare('SELECT seq, hash, body FROM events').all() as {
      seq: number;
      hash: Uint8Array;
      body: string;
    }[];
    const update = database.prepare('UPDATE events SET body = ?, hash = ? WHERE seq = ?');
    const bits = fc.record({ row: fc.nat(rows.length - 1), at: fc.nat(100_000), bit: fc.nat(6) });
    await fc.assert(
      fc.asyncProperty(bits, fc.boolean(), async ({ row, at, bit }, inHash) => {
        const one = rows[row];
        if (!one) throw new Error('a row');
        const bytes = inHash ? Uint8Array.from(one.hash) : new TextEncoder().encode(one.body);
        const place = at % bytes.length;
        bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
        const body = inHash ? one.body : new TextDecoder('latin1').decode(bytes);
        update.run(body, inHash ? bytes : one.hash, one.seq);
        const found = await problems();
        update.run(one.body, one.hash, one.seq);
        expect(found.length).toBeGreaterThan(0);
      }),
      { numRuns: 40 },
    );
    expect(await problems()).toEqual([]);
    database.close();
  });

  it('finds events that are missing, in the middle and at the end', async () => {
    await alter('DELETE FROM events WHERE seq = 5');
    expect((await problems())[0]).toBe('event 5 is missing');
    await alter(`DELETE FROM events WHERE seq >= 5`);
    expect(await problems()).toContain(
      `the signed head in the ledger covers ${events} events, and there are 4`,
    );
  });

  it('finds a chain that was made again over another event, by the signature', async () => {
    const database = await openDatabase(bench.path);
    type Row = { seq: number; body: string };
    const rows = database.prepare('SELECT seq, body FROM events ORDER BY seq').all() as Row[];
    let previous: Uint8Array = new Uint8Array(32);
    for (const { seq, body } of rows) {
      const changed = body.replace('"no answer"', '"wrong answer"');
      previous = createHash('sha256')
        .update('keyline/v1 ledger\0')
        .update(previous)
        .update(changed)
        .digest();
      const update = database.prepare('UPDATE events SET body = ?, hash = ? WHERE seq = ?');
      update.run(changed, previous, seq);
    }
    database.close();
    expect(await problems()).toEqual(['the signed head in the ledger names another hash']);
  });

  it.each([
    `UPDATE units SET state = 'done' WHERE hardwareId = 'b'`,
    `UPDATE units SET record = replace(record, '"failures":1', '"failures":0')`,
    `DELETE FROM units WHERE hardwareId = 'b'`,
    `UPDATE spans SET stop = stop - 1 WHERE kind = 'free'`,
    `INSERT INTO spans VALUES (1, 'surrendered', 50, 60)`,
    `UPDATE tallies SET units = units + 1 WHERE state = 'failed'`,
    `UPDATE prints SET labels = 2`,
    `UPDATE lots SET size = 11`,
  ])('finds what does not follow from the events: %s', async (sql) => {
    await alter(sql);
    expect((await problems())[0]).toMatch(
      /^the table \w+ (is not|lacks) what the events add up to$/,
    );
  });

  it('compares with a witness', async () => {
    await using ledger = await bench.open();
    const earlier = await ledger.signedHead();
    await pass(ledger, 'c');
    const later = await ledger.signedHead();
    await ledger[Symbol.asyncDispose]();
    expect(await problems(earlier)).toEqual([]);
    expect(await problems(later)).toEqual([]);
    await alter(`DELETE FROM head`, `DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)`);
    expect((await problems(later))[0]).toMatch(/^the witness covers/);
    expect((await problems('e30.e30.e30'))[0]).toMatch(/^the witness is not signed/);
  });
});

describe('an export', () => {
  let lines: string[];

  beforeEach(async () => {
    await using ledger = await bench.open();
    const head = await ledger.signedHead();
    const text = (await collect(exportLines(ledger, head))).join('');
    expect(text.endsWith('\n')).toBe(true);
    lines = text.trimEnd().split('\n');
  });

  async function* stream(changed: readonly string[]): AsyncIterable<string> {
    for (const line of changed) yield Promise.resolve(line);
  }
  const check = async (changed: readonly string[]): Promise<number> =>
    (await verifyExport(stream(changed))).issues.length;

  it('is every event and a signed head, which verify elsewhere', async () => {
    expect(lines).toHaveLength(events + 1);
    const report = await verifyExport(stream(lines));
    expect(report).toMatchObject({ issues: [], signedSeq: events, head: { seq: events } });
  });

  it('does not verify with any line missing, twice, changed or in another place', async () => {
    for (let at = 0; at < lines.length; at++) {
      expect(await check(lines.filter((_, other) => other !== at))).toBeGreaterThan(0);
      expect(await check(lines.toSpliced(at, 0, lines[at] ?? ''))).toBeGreaterThan(0);
      const changed = lines.with(at, (lines[at] ?? '').replace(/line-1|"head":"e/, 'line-2'));
      const outcome = await check(changed).catch((error: unknown) => String(error));
      expect(outcome).not.toBe(0);
    }
    expect(
      await check([...lines.slice(0, 3), lines[4] ?? '', lines[3] ?? '', ...lines.slice(5)]),
    ).toBeGreaterThan(0);
  });

  it('is told from any other file', async () => {
    expect(await refusal(verifyExport(stream(['hello'])))).toBe('ledger-damaged');
    expect(await refusal(verifyExport(stream(['[]', '3'])))).toBe('ledger-damaged');
    expect(await check([])).toBeGreaterThan(0);
  });
});

describe('no secret', () => {
  const SECRETS = [
    `es_${'A'.repeat(43)}`,
    `ks_${'b'.repeat(43)}`,
    `AGE-SECRET-KEY-1${'Q'.repeat(58)}`,
    `-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----`,
  ];

  it.each(SECRETS)('gets into the file by any text of an event: %s', async (secret) => {
    const unit = { lotId: LOT, index: 1, hardwareId: 'b' };
    await using ledger = await bench.open();
    const record = (event: object) => ledger.record(event as RecordedEvent).catch(() => undefined);
    const evidence = { kind: 'readback', detail: `read ${secret}` };
    await record({ type: 'failed', ...unit, code: 'timeout', reason: `got ${secret} back` });
    await record({ type: 'verified', ...unit, evidence, idAfter: 'b', captures: { fw: secret } });
    await record({ type: 'checked', ...unit, evidence, idAfter: 'b' });
    await record({ type: 'done', ...unit, secret });
    await record({ type: 'done', ...unit, operator: secret });
    await record({ type: 'done', ...unit, order: secret, slot: secret, jig: secret });
    await record({ type: 'refused', lotId: LOT, hardwareId: secret, code: secret, reason: secret });
    await record({ type: secret, ...unit });
    await ledger.reserve({ hardwareId: secret, lotId: LOT }).catch(() => undefined);
    await ledger.replace({ lotId: LOT, index: 1 }, { reason: secret });
    const body = secret.replace(/-----[A-Z ]+-----|\n/g, '').slice(4, 30);
    await ledger[Symbol.asyncDispose]();
    using reader = await openLedgerReader(bench.path);
    const all = await collect(reader.entries());
    expect(all.length).toBeGreaterThan(events + 2);
    expect(JSON.stringify(all)).not.toContain(body);
    expect((await readFile(bench.path)).includes(body)).toBe(false);
  });

  it('has a field of its own: one that is not named is refused', async () => {
    await using ledger = await bench.open();
    const event = {
      type: 'refused',
      lotId: LOT,
      code: 'timeout',
      reason: 'r',
      endpointSecret: 'x',
    };
    expect(await refusal(ledger.record(event as RecordedEvent))).toBe('ledger-event-invalid');
    const evidence = { kind: 'readback', detail: 'd', value: 'x' };
    const unit = { lotId: LOT, index: 1, hardwareId: 'b', idAfter: 'b' };
    const verified = { type: 'verified', ...unit, evidence } as RecordedEvent;
    expect(await refusal(ledger.record(verified))).toBe('ledger-event-invalid');
  });
});

describe('a ledger whose disk is full', () => {
  it('says so, records nothing by halves, and goes on when there is room', async () => {
    const size = 100_000;
    const big = { lotId: LOT, size: 10, spare: 2, ranges: [] };
    await rmLedger();
    const acknowledged: string[] = [];
    let failure = '';
    {
      await using ledger = await bench.open({ maxPages: 60 });
      await ledger.admit({ ...big, size, ranges: [{ from: 0, count: size }] });
      for (let at = 0; at < 2000 && failure === ''; at++) {
        try {
          const { index } = await ledger.reserve({ hardwareId: `d${at}`, lotId: LOT });
          await ledger.record({ type: 'writing', lotId: LOT, index, hardwareId: `d${at}` });
          acknowledged.push(`d${at}`);
        } catch (error) {
          failure = (error as { code: string }).code;
        }
      }
      const seq = ledger.head().seq;
      expect(await refusal(ledger.reserve({ hardwareId: 'more', lotId: LOT }))).toBe('disk-full');
      expect(ledger.head().seq).toBe(seq);
      expect(ledger.byHardwareId('more')).toEqual([]);
    }
    expect(failure).toBe('disk-full');
    expect(acknowledged.length).toBeGreaterThan(20);
    await using ledger = await bench.open();
    for (const id of acknowledged) expect(ledger.byHardwareId(id)[0]?.state).toBe('writing');
    expect(await ledger.reserve({ hardwareId: 'more', lotId: LOT })).toMatchObject({ isNew: true });
    await ledger[Symbol.asyncDispose]();
    expect(await problems()).toEqual([]);
  });

  async function rmLedger(): Promise<void> {
    await bench[Symbol.asyncDispose]();
    bench = await makeBench();
  }
});
