import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryDevice } from '../../src/device/ports/memory-port.ts';
import { matchLabel } from '../../src/job/match-label.ts';
import { openPassLabels } from '../../src/job/pass-label.ts';
import { runStation } from '../../src/job/run-station.ts';
import { ScanDesk } from '../../src/job/scan-desk.ts';
import type { ScanWanted } from '../../src/job/scan-desk.ts';
import type { StationEvent } from '../../src/job/station-event.ts';
import { startPrinter } from '../label/fake-printer.ts';
import type { FakePrinter } from '../label/fake-printer.ts';
import { readQr, readZpl } from '../label/read-label.ts';
import { collect } from '../ledger/station.ts';
import { lineOf, PUBLISHED, Rig, TestDevice } from './provision-rig.ts';

// The library of codes is 2 MB of source: the first label on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000 });

const CLAIM = '0123456789abcdef';
let rig: Rig;
let printer: FakePrinter;
beforeEach(async () => {
  rig = await Rig.make();
  printer = await startPrinter();
});
afterEach(async () => {
  await printer[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

async function labels(port = printer.port) {
  const { open, ledger } = rig.run;
  const style = { code: 'qr', format: 'zpl', widthMm: 50, heightMm: 25, dpi: 203 } as const;
  const target = { kind: 'printer', address: { host: '127.0.0.1', port } } as const;
  const choices = { style, target, content: 'serial', withClaim: false } as const;
  return await openPassLabels({ open, ledger, inBook: [] }, choices);
}

async function eventsOf() {
  return await collect(rig.ledger.entries(3), ({ event }) => event);
}

/** One slot, one device; `answer` is what a person scans when asked. */
async function runOne(
  device: TestDevice,
  options: {
    readonly wanted: readonly ScanWanted[];
    readonly answer: (event: Extract<StationEvent, { type: 'scan' }>, desk: ScanDesk) => void;
    readonly stop?: AbortController;
  },
) {
  const { wanted, answer, stop = new AbortController() } = options;
  const line = new MemoryDevice({ name: 'slot-1' });
  const slot = { slot: 1, presence: 'usb', barcode: undefined } as const;
  const slots = [{ ...slot, port: { url: 'memory:slot-1' } }];
  const events: StationEvent[] = [];
  const desk = new ScanDesk(slots, () => undefined);
  const tally = await runStation(lineOf(rig, [device]), {
    ...{ jig: { name: 'jig', description: undefined, slots }, once: true, everyMs: 1 },
    ...{ memory: () => line.open(), signal: stop.signal, scans: { desk, wanted } },
    onEvent: (event) => {
      events.push(event);
      if (event.type === 'scan') {
        setImmediate(() => {
          answer(event, desk);
        });
      }
    },
  });
  return { tally, events };
}

describe('a label for each unit that passed', () => {
  it('is printed after the verification is on record and before the unit is done', async () => {
    rig.run = { ...rig.run, labels: await labels() };
    expect(await rig.take(new TestDevice('aa-01'))).toMatchObject({ ok: true });
    expect((await rig.events()).slice(-3)).toEqual(['verified', 'printed', 'done']);
    await printer.done(1);
    expect(readQr(readZpl(printer.jobs[0] ?? ''))).toBe('ACME-0001');
  });

  it('fails the unit where the printer fails, and comes without a rewrite when that is mended', async () => {
    printer.behaviour = 'hangs up';
    const { port } = printer;
    await printer[Symbol.asyncDispose]();
    rig.run = { ...rig.run, labels: await labels(port) };
    const device = new TestDevice('aa-01');
    expect(await rig.take(device)).toMatchObject({
      ok: false,
      code: 'label-printer',
      step: 'label',
    });
    expect(rig.unit(0)).toMatchObject({ state: 'failed', code: 'label-printer' });
    printer = await startPrinter();
    rig.run = { ...rig.run, labels: await labels() };
    expect(await rig.take(device)).toMatchObject({ ok: true, kind: 'verified' });
    expect(device.writes).toBe(1);
    expect(rig.ledger.labels(rig.run.open.lot.lotId, 0)).toBe(1);
  });

  it('is printed once more, with a reason, where it may not have come out', async () => {
    rig.run = { ...rig.run, labels: await labels() };
    const { lotId } = rig.run.open.lot;
    const device = new TestDevice('aa-01');
    const afterPass = { argv: ['/bin/false'], timeoutMs: 5_000 };
    expect(await rig.take(device, { run: { afterPass } })).toMatchObject({ code: 'hook' });
    expect(await rig.take(device)).toMatchObject({ ok: true });
    // The hook failed after a label that came out.
    expect(rig.ledger.labels(lotId, 0)).toBe(1);
    const due = rig.run.labels?.due(0, { ...rig.unit(0), state: 'verified' } as never);
    expect(due?.reason).toBeDefined();
  });

  it('does not come again for a device that had passed before', async () => {
    rig.run = { ...rig.run, labels: await labels() };
    const device = new TestDevice('aa-01');
    await rig.take(device);
    expect(await rig.take(device)).toMatchObject({ ok: true, kind: 'checked' });
    expect(rig.ledger.labels(rig.run.open.lot.lotId, 0)).toBe(1);
  });
});

describe('a label that is scanned back', () => {
  it('of the unit itself lets it pass, and is on record', async () => {
    const { tally, events } = await runOne(new TestDevice('aa-01'), {
      wanted: ['label'],
      answer: (_event, desk) => {
        desk.read('ACME-0001');
      },
    });
    expect(tally).toMatchObject({ passed: 1, failed: 0 });
    expect(events).toContainEqual({ type: 'scan', slot: 1, wants: 'label', serial: 'ACME-0001' });
    expect((await eventsOf()).at(-1)).toMatchObject({ type: 'done', label: 'ACME-0001' });
  });

  it('of another unit fails this one, which never passes', async () => {
    const device = new TestDevice('aa-01');
    const scan = (text: string) => ({
      wanted: ['label'] as const,
      answer: (_event: unknown, desk: ScanDesk) => {
        desk.read(text);
      },
    });
    const { tally, events } = await runOne(device, scan('ACME-0002'));
    expect(tally).toMatchObject({ passed: 0, failed: 1 });
    expect(events.map(({ type }) => type)).not.toContain('passed');
    expect(rig.unit(0)).toMatchObject({ state: 'failed', code: 'scan-mismatch' });
    const again = await runOne(device, scan('ACME-0001'));
    expect(again.tally).toMatchObject({ passed: 1 });
    expect(device.writes).toBe(1);
  });

  it('is never on record with a claim code, whatever was scanned', async () => {
    for (const text of [`https://r.example/c/${PUBLISHED[1]?.endpointKey ?? ''}#${CLAIM}`, CLAIM]) {
      const { events } = await runOne(new TestDevice('aa-01'), {
        wanted: ['label'],
        answer: (_event, desk) => {
          desk.read(text);
        },
      });
      expect(JSON.stringify(events)).not.toContain(CLAIM);
    }
    expect(JSON.stringify(await eventsOf())).not.toContain(CLAIM);
  });

  it('is waited for until the run is ended, and the unit is not done', async () => {
    const stop = new AbortController();
    const { tally } = await runOne(new TestDevice('aa-01'), {
      ...{ wanted: ['label'], stop },
      answer: () => {
        stop.abort();
      },
    });
    expect(tally).toMatchObject({ passed: 0, interrupted: true });
    expect(rig.unit(0)).toMatchObject({ state: 'failed', code: 'interrupted' });
  });

  it('may be the claim URL, of this unit alone', async () => {
    const open = {
      ...rig.run.open,
      lot: { ...rig.run.open.lot, labelBaseUrl: 'https://r.example' },
    };
    const key = PUBLISHED[0]?.endpointKey ?? '';
    await expect(matchLabel(open, 0, `https://r.example/c/${key}#${CLAIM}`)).rejects.toMatchObject({
      code: 'scan-mismatch',
    });
    expect(await matchLabel(open, 0, key)).toBe(key);
  });
});

describe('a board that is scanned before', () => {
  it('gives its id where the profile takes it from a scan', async () => {
    const { profile } = rig.run;
    rig.run = {
      ...rig.run,
      profile: { ...profile, identity: { ...profile.identity, from: 'scan' } },
    };
    const { tally } = await runOne(new TestDevice('unused'), {
      wanted: ['board'],
      answer: (_event, desk) => {
        desk.read('pcb-77');
      },
    });
    expect(tally).toMatchObject({ passed: 1 });
    expect(rig.unit(0)).toMatchObject({ hardwareId: 'pcb-77' });
  });

  it('has its barcode among the captures where the device says its own id', async () => {
    await runOne(new TestDevice('aa-01'), {
      wanted: ['board'],
      answer: (_event, desk) => {
        desk.read('pcb-77');
      },
    });
    expect(rig.unit(0)).toMatchObject({ hardwareId: 'aa-01', captures: { board: 'pcb-77' } });
  });

  it('is no label, whose claim code would get on record', async () => {
    const device = new TestDevice('aa-01');
    const { tally, events } = await runOne(device, {
      wanted: ['board'],
      answer: (_event, desk) => {
        desk.read(`https://r.example/c/x#${CLAIM}`);
      },
    });
    expect(tally).toMatchObject({ failed: 1 });
    expect(device.writes).toBe(0);
    expect(JSON.stringify([events, await eventsOf()])).not.toContain(CLAIM);
  });
});
