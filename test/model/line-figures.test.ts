import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexSet } from '../../src/model/index-set.ts';
import { parseLotId } from '../../src/model/ids.ts';
import type { LedgerEvent } from '../../src/model/ledger-event.ts';
import { LineFigures } from '../../src/model/line-figures.ts';
import { Samples } from '../../src/model/samples.ts';
import { sliceName, sliceOf, sliceWidth } from '../../src/model/time-slices.ts';

const LOT = parseLotId('kl_dx5ytj1vmbk5rf40kn1wfgbt5w');
const OTHER = parseLotId('kl_00000000000000000000000000');
const HOUR = 3_600_000;
const START = Date.parse('2026-11-25T06:00:00.000Z');
const OPEN = { lotId: LOT, since: -Infinity, until: Infinity, sliceMs: HOUR };

type Move = 'writing' | 'verified' | 'failed' | 'refused' | 'released' | 'done';

/** An event as a ledger has it, as far as figures look at it. */
function event(type: Move, index: number, at: number, more: object = {}): LedgerEvent {
  const stamp = { seq: 1, at: new Date(at).toISOString(), station: 'line-1', toolVersion: '1' };
  const code = type === 'failed' || type === 'refused' ? { code: 'timeout', reason: 'late' } : {};
  const unit = { lotId: LOT, index, hardwareId: `id-${index}`, attempt: 1 };
  return { type, ...stamp, ...unit, ...code, ...more } as unknown as LedgerEvent;
}

/** Attempts in order of time: a unit, whether it passed, how long it took, and how long after the one before. */
const attempts = fc.array(
  fc.record({
    index: fc.nat(12),
    passed: fc.boolean(),
    tookMs: fc.nat(90_000),
    afterMs: fc.nat(2 * HOUR),
    slot: fc.constantFrom('1', '2', undefined),
  }),
  { maxLength: 60 },
);

interface Timed {
  readonly index: number;
  readonly passed: boolean;
  readonly tookMs: number;
  readonly slot: string | undefined;
  readonly at: number;
}

function timed(all: readonly (Omit<Timed, 'at'> & { afterMs: number })[]): Timed[] {
  let at = START;
  return all.map((one) => {
    at += one.afterMs + one.tookMs;
    return { ...one, at };
  });
}

function eventsOf({ index, passed, tookMs, slot, at }: Timed): LedgerEvent[] {
  const place = slot === undefined ? {} : { slot };
  return [
    event('writing', index, at - tookMs, place),
    event(passed ? 'verified' : 'failed', index, at, place),
  ];
}

/** The same by keeping everything: of these results, units and passes, and first ones. */
function plainly(results: readonly Timed[], all: readonly Timed[]) {
  const last = new Map(results.map(({ index, passed }) => [index, passed]));
  const first = results.filter((one) => all.find(({ index }) => index === one.index) === one);
  return {
    units: last.size,
    passed: [...last.values()].filter(Boolean).length,
    first: first.length,
    firstPassed: first.filter(({ passed }) => passed).length,
  };
}

describe('the figures of a line', () => {
  it('are what counting everything again gives, in all, by slice and in any window', () => {
    fc.assert(
      fc.property(attempts, fc.nat(60), fc.nat(60), (drawn, a, b) => {
        const all = timed(drawn);
        const bounds = [all[a]?.at ?? START, all[b]?.at ?? Infinity].sort((x, y) => x - y);
        const [since = 0, until = 0] = bounds;
        const figures = new LineFigures({ ...OPEN, since, until });
        for (const one of all.flatMap(eventsOf)) figures.take(one);
        figures.endLedger();
        const within = all.filter(({ at }) => at >= since && at <= until);
        expect(figures.total).toEqual(plainly(within, all));
        const starts = [...new Set(within.map(({ at }) => sliceOf(at, HOUR)))];
        expect([...figures.slices.keys()]).toEqual(starts);
        for (const [start, slice] of figures.slices) {
          const inSlice = within.filter(({ at }) => sliceOf(at, HOUR) === start);
          expect(slice).toEqual(plainly(inSlice, all));
        }
        const cycles = within.filter(({ passed }) => passed).map(({ tookMs }) => tookMs);
        expect(figures.cycles.count).toBe(cycles.length);
        const failed = within.filter(({ passed }) => !passed);
        expect(figures.byCode.get('timeout')?.failed ?? 0).toBe(failed.length);
        for (const slot of ['1', '2']) {
          const row = figures.bySlot.get(slot) ?? { failed: 0, passed: 0 };
          const here = within.filter((one) => one.slot === slot);
          expect(row.failed).toBe(here.filter(({ passed }) => !passed).length);
          expect(row.passed).toBe(here.filter(({ passed }) => passed).length);
        }
      }),
    );
  });

  it('count a unit that failed after its pass as not passed, and its first pass still as one', () => {
    const figures = new LineFigures(OPEN);
    for (const type of ['writing', 'verified', 'failed'] as const) {
      figures.take(event(type, 7, START));
    }
    figures.endLedger();
    expect(figures.total).toEqual({ units: 1, passed: 0, first: 1, firstPassed: 1 });
  });

  it('take a device that got no unit for turned away, and another lot for nothing', () => {
    const figures = new LineFigures(OPEN);
    figures.take(event('refused', 0, START, { slot: '3', operator: 'mia' }));
    figures.take(event('released', 0, START, { code: 'no-answer' }));
    figures.take(event('released', 0, START));
    figures.take(event('failed', 0, START, { lotId: OTHER }));
    figures.endLedger();
    expect(figures.total.units).toBe(0);
    expect(Object.fromEntries(figures.byCode)).toEqual({
      timeout: { failed: 0, turnedAway: 1, passed: 0 },
      'no-answer': { failed: 0, turnedAway: 1, passed: 0 },
    });
    expect(figures.bySlot.get('3')?.turnedAway).toBe(1);
    expect(figures.byOperator.get('mia')?.turnedAway).toBe(1);
    expect(figures.byStation.get('line-1')?.turnedAway).toBe(2);
  });

  it('add up ledgers one after the other, whatever hours they share', () => {
    const figures = new LineFigures(OPEN);
    for (const index of [0, 1]) {
      figures.take(event('verified', index, START));
      figures.take(event('verified', index + 10, START + HOUR));
      figures.endLedger();
    }
    expect([...figures.slices.values()].map(({ units }) => units)).toEqual([2, 2]);
    expect(figures.total).toMatchObject({ units: 4, passed: 4 });
  });
});

describe('a set of indexes', () => {
  it('is what a set is', () => {
    const steps = fc.array(
      fc.tuple(
        fc.constantFrom('add', 'delete'),
        fc.constantFrom(0, 1, 7, 8, 32_767, 32_768, 2 ** 47),
      ),
    );
    fc.assert(
      fc.property(steps, (all) => {
        const [set, plain] = [new IndexSet(), new Set<number>()];
        for (const [step, index] of all) {
          if (step === 'add') {
            set.add(index);
            plain.add(index);
          } else {
            set.delete(index);
            plain.delete(index);
          }
          expect([set.size, set.has(index)]).toEqual([plain.size, plain.has(index)]);
        }
      }),
    );
  });
});

describe('samples', () => {
  it('give the nearest rank of every share', () => {
    const durations = fc.array(fc.nat(2 ** 31), { minLength: 1, maxLength: 600 });
    fc.assert(
      fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
        const samples = new Samples();
        for (const ms of all) samples.add(ms);
        const [found = -1] = samples.quantiles([share]);
        const below = all.filter((ms) => ms <= found).length;
        const less = all.filter((ms) => ms < found).length;
        expect(all).toContain(found);
        expect(below / all.length).toBeGreaterThanOrEqual(share - 1e-9);
        if (less > 0) expect(less / all.length).toBeLessThan(share + 1e-9);
      }),
    );
  });

  it('are none where there was none, and never below 0', () => {
    const samples = new Samples();
    expect(samples.quantiles([0.5])).toEqual([undefined]);
    samples.add(-5000);
    expect(samples.quantiles([0.5, 0.95])).toEqual([0, 0]);
  });
});

describe('slices of time', () => {
  it('are few, however long a lot runs', () => {
    fc.assert(
      fc.property(fc.nat({ max: 364 * 40 }), (days) => {
        const spanMs = days * 24 * HOUR;
        const width = sliceWidth(spanMs);
        const slices = (sliceOf(START + spanMs, width) - sliceOf(START, width)) / width + 1;
        expect(slices).toBeLessThanOrEqual(48);
        expect(sliceOf(START, width)).toBeLessThanOrEqual(START);
      }),
    );
  });

  it('have names', () => {
    const spans = [0, 20 * HOUR, 100 * HOUR, 40 * 24 * HOUR, 100 * 24 * HOUR];
    expect(spans.map((span) => sliceName(sliceWidth(span)))).toEqual([
      ...['15 minutes', 'hour', '4 hours', 'day', '7 days'],
    ]);
  });
});

it('a unit that a person sends to rework passed no more, and nothing failed', () => {
  const figures = new LineFigures(OPEN);
  const events = [
    event('writing', 1, START),
    event('verified', 1, START + 1000),
    event('failed', 1, START + 2000, {
      code: 'rework',
      reason: 'housing changed',
      operator: 'mia',
    }),
  ];
  for (const one of events) figures.take(one);
  figures.endLedger();
  expect(figures.total).toEqual({ units: 1, passed: 0, first: 1, firstPassed: 1 });
  expect([figures.byCode.size, figures.byOperator.size]).toEqual([0, 0]);
  expect([...figures.slices.values()]).toEqual([{ units: 1, passed: 0, first: 1, firstPassed: 1 }]);
});
