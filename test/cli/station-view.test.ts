import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { drawnScreen, jsonScreen } from '../../src/cli/station-screen.ts';
import { resultLine, StationView } from '../../src/cli/station-view.ts';
import type { FailedUnit, PassedUnit } from '../../src/job/provision-run.ts';
import { parseEndpointKey } from '../../src/model/ids.ts';

const endpointKey = parseEndpointKey('ek_00000000000000000000000000');
if (!endpointKey) throw new Error('an endpoint key');
const passed: PassedUnit = {
  ...{ ok: true, kind: 'written', hardwareId: 'aa-01', index: 0, serial: 'ACME-0001' },
  ...{ endpointKey, attempt: 1, evidence: { kind: 'digest', detail: '' } },
};
const failed: FailedUnit = {
  ...{ ok: false, code: 'verify-mismatch', step: 'verify', hardwareId: 'aa-02' },
  reason: 'a reason that is much too long for a line of a terminal of eighty columns, really',
};

const TERMINAL = { columns: 80, rows: 24 };

function terminal() {
  const written: string[] = [];
  const surface = Object.assign(new EventEmitter(), {
    ...TERMINAL,
    write: (text: string) => written.push(text),
  });
  return { surface, written };
}

function viewAt(clock: { nowMs: number }, colour = false): StationView {
  const nowMs = () => clock.nowMs;
  return new StationView({ slots: [1, 2, 8], title: 'lot A1', planned: 10, nowMs, colour });
}

describe('the view of a run', () => {
  it('says each slot’s number and word, also without colour, and the next action', () => {
    const view = viewAt({ nowMs: 0 });
    view.take({ type: 'passed', slot: 1, unit: passed, seconds: 1 });
    view.take({ type: 'failed', slot: 2, unit: failed, again: false, seconds: 1 });
    const text = view.lines(TERMINAL).join('\n');
    expect(text).toMatch(/^ {2}1 {2}PASS {2}ACME-0001/m);
    expect(text).toMatch(/^ {5}→ remove board/m);
    expect(text).toMatch(/^ {2}2 {2}FAIL {2}aa-02 {2}verify-mismatch: /m);
    expect(text).toMatch(/→ Send the board to rework/);
    expect(text).toMatch(/^ {2}8 {2}WAIT\n {5}→ insert a board/m);
  });

  it('fits into 80 columns', () => {
    const view = viewAt({ nowMs: 0 });
    view.take({ type: 'failed', slot: 1, unit: failed, again: false, seconds: 1 });
    expect(Math.max(...view.lines(TERMINAL).map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('rings for a failure and not for a pass', () => {
    const view = viewAt({ nowMs: 0 });
    expect(view.take({ type: 'passed', slot: 1, unit: passed, seconds: 1 })).toBe(false);
    expect(view.take({ type: 'failed', slot: 2, unit: failed, again: false, seconds: 1 })).toBe(
      true,
    );
  });

  it('keeps a result until the next device appears', () => {
    const view = viewAt({ nowMs: 0 });
    view.take({ type: 'passed', slot: 1, unit: passed, seconds: 1 });
    view.take({ type: 'removed', slot: 1 });
    view.take({ type: 'waiting', slot: 1 });
    expect(view.lines(TERMINAL).join('\n')).toContain('PASS  ACME-0001');
    view.take({ type: 'step', slot: 1, step: 'identify' });
    expect(view.lines(TERMINAL).join('\n')).not.toContain('PASS');
  });

  it('counts, with units per hour, first-pass yield and the time left', () => {
    const clock = { nowMs: 0 };
    const view = viewAt(clock);
    view.take({ type: 'passed', slot: 1, unit: passed, seconds: 1 });
    view.take({ type: 'passed', slot: 1, unit: { ...passed, attempt: 2 }, seconds: 1 });
    view.take({ type: 'failed', slot: 2, unit: failed, again: false, seconds: 1 });
    clock.nowMs = 60_000;
    expect(view.totals()).toBe(
      '2 passed · 1 failed · 120/h · first-pass 33.3 % · 8 left · 4 min to go',
    );
    view.take({
      ...{
        type: 'failed',
        slot: 1,
        unit: { ...failed, attempt: 1 },
        again: false,
        undoesPass: true,
      },
      seconds: 0,
    });
    expect(view.totals()).toContain('1 passed · 2 failed');
    expect(view.totals()).toContain('first-pass 0.0 %');
  });
});

describe('the picture in a small terminal', () => {
  const slots = (count: number) => Array.from({ length: count }, (_, at) => at + 1);
  const filled = (count: number): StationView => {
    const view = new StationView({
      ...{ slots: slots(count), title: 'lot A1', planned: 10, colour: false, nowMs: () => 0 },
    });
    for (const slot of slots(count)) {
      if (slot % 2 === 0) view.take({ type: 'passed', slot, unit: passed, seconds: 1 });
      else view.take({ type: 'failed', slot, unit: failed, again: false, seconds: 1 });
    }
    return view;
  };

  it.each([
    [16, 80, 24],
    [16, 40, 24],
    [64, 80, 24],
    [256, 80, 24],
    [8, 20, 5],
    [256, 10, 3],
    [1, 9, 2],
  ])('has every line of %i slots within %i columns and %i rows', (count, columns, rows) => {
    const lines = filled(count).lines({ columns, rows });
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(lines.length).toBeLessThanOrEqual(rows - 1);
  });

  it('still names number, word and next action of 16 slots, and number and word of 64', () => {
    const sixteen = filled(16).lines({ columns: 80, rows: 24 }).join('\n');
    for (const slot of slots(16)) {
      const [word, next] = slot % 2 === 0 ? ['PASS', 'remove board'] : ['FAIL', 'Send the board'];
      expect(sixteen).toMatch(new RegExp(`^ *${slot} ${word} .*→ ${next}`, 'm'));
    }
    const many = filled(64).lines({ columns: 80, rows: 24 }).join('\n');
    for (const slot of slots(64)) {
      expect(many).toMatch(new RegExp(`(^|\\s)${slot} ${slot % 2 === 0 ? 'PASS' : 'FAIL'} `, 'm'));
    }
  });

  it('says how many slots it cannot show', () => {
    const lines = filled(256).lines({ columns: 40, rows: 10 });
    expect(lines.at(-2)).toMatch(/^and \d+ more slots$/);
  });
});

describe('the screens', () => {
  it('draw once for many events, over the picture before', () => {
    const { surface, written } = terminal();
    const screen = drawnScreen(viewAt({ nowMs: 0 }), surface, new AbortController().signal);
    for (let at = 0; at < 50; at++) screen.take({ type: 'waiting', slot: 1 });
    screen[Symbol.dispose]();
    expect(written).toHaveLength(2);
    expect(written[0]).toMatch(/^\x1b\[2J/);
    expect(written[1]).toMatch(/^\x1b\[\?7l\x1b\[H/);
  });

  it('begin anew in a new size', () => {
    const { surface, written } = terminal();
    const screen = drawnScreen(viewAt({ nowMs: 0 }), surface, new AbortController().signal);
    Object.assign(surface, { columns: 40, rows: 10 });
    surface.emit('resize');
    screen[Symbol.dispose]();
    expect(written[1]).toMatch(/^\x1b\[2J/);
    expect(surface.listenerCount('resize')).toBe(0);
  });

  it('say that the run ends once it was asked to', () => {
    const { surface, written } = terminal();
    const interrupt = new AbortController();
    const screen = drawnScreen(viewAt({ nowMs: 0 }), surface, interrupt.signal);
    interrupt.abort();
    screen[Symbol.dispose]();
    expect(written[0]).toContain('Ctrl-C ends');
    expect(written[1]).toContain('ending: boards in hand are finished');
  });

  it('give a line of JSON for each event, and a plain line for each result', () => {
    const written: string[] = [];
    using screen = jsonScreen({ write: (text) => written.push(text) });
    screen.take({ type: 'passed', slot: 1, unit: passed, seconds: 1 });
    expect(JSON.parse(written.join(''))).toMatchObject({ event: { unit: { index: 0 } } });
    expect(resultLine({ type: 'waiting', slot: 1 })).toBeUndefined();
    expect(resultLine({ type: 'passed', slot: 1, unit: passed, seconds: 1 })).toBe(
      'slot 1 PASS ACME-0001 aa-01 digest',
    );
  });
});
