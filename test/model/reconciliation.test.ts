import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HELD_STATES, noCounts } from '../../src/model/ledger-counts.ts';
import type { PartCounts } from '../../src/model/ledger-counts.ts';
import { accountFor } from '../../src/model/lot-account.ts';
import type { BookShare, LedgerShare } from '../../src/model/lot-account.ts';
import { reconcile } from '../../src/model/reconciliation.ts';

const LEDGERS = 3;
const NO_BOOK: BookShare = { granted: [], lost: [], handedOut: [] };

/** What became of one unit: who gave it back, who has it now and how it stands there. */
interface Fate {
  readonly givenBackBy: readonly number[];
  readonly holder: number | undefined;
  readonly state: 'free' | 'elsewhere' | (typeof HELD_STATES)[number];
  readonly book: keyof BookShare | undefined;
}

const fate = fc
  .record({
    givenBackBy: fc.subarray([...Array(LEDGERS).keys()]),
    holder: fc.option(fc.nat(LEDGERS - 1), { nil: undefined }),
    state: fc.constantFrom('free' as const, 'elsewhere' as const, ...HELD_STATES),
    book: fc.option(fc.constantFrom('granted' as const, 'lost' as const, 'handedOut' as const), {
      nil: undefined,
    }),
  })
  // What a ledger gave back is not its own any more.
  .map((one): Fate => {
    const givenBackBy = one.givenBackBy.filter((ledger) => ledger !== one.holder);
    return { ...one, givenBackBy };
  });
const lot = fc.record({
  units: fc.array(fate, { minLength: 1, maxLength: 60 }),
  spare: fc.nat(10),
});

const rangesOf = (units: readonly Fate[], has: (unit: Fate) => boolean) =>
  units.flatMap((unit, from) => (has(unit) ? [{ from, count: 1 }] : []));

function countsOf(units: readonly Fate[], ledger: number): PartCounts {
  const own = units.filter(({ holder }) => holder === ledger);
  const count = (state: Fate['state']): number => own.filter((unit) => unit.state === state).length;
  const states = Object.fromEntries(HELD_STATES.map((state) => [state, count(state)]));
  const surrendered = units.filter(({ givenBackBy }) => givenBackBy.includes(ledger)).length;
  return {
    ...{ admitted: own.length + surrendered, surrendered },
    ...{ free: count('free'), elsewhere: count('elsewhere') },
    states: states as PartCounts['states'],
  };
}

function sharesOf(units: readonly Fate[], size: number): LedgerShare[] {
  return [...Array(LEDGERS).keys()].map((ledger) => ({
    counts: {
      planned: countsOf(units.slice(0, size), ledger),
      spare: countsOf(units.slice(size), ledger),
    },
    claimed: rangesOf(units, ({ holder }) => holder === ledger),
    surrendered: rangesOf(units, ({ givenBackBy }) => givenBackBy.includes(ledger)),
  }));
}

function bookOf(units: readonly Fate[]): BookShare {
  const by = (name: keyof BookShare) => rangesOf(units, ({ book }) => book === name);
  return { granted: by('granted'), lost: by('lost'), handedOut: by('handedOut') };
}

const countOf = (units: readonly Fate[], is: (unit: Fate) => boolean): number =>
  units.filter(is).length;
const isOut = ({ holder }: Fate): boolean => holder === undefined;

describe('a reconciliation', () => {
  it('adds up for any units, given back by some stations and held by others', () => {
    fc.assert(
      fc.property(lot, ({ units, spare: some }) => {
        const spare = Math.min(some, units.length - 1);
        const size = units.length - spare;
        const account = accountFor({ size, spare }, sharesOf(units, size), bookOf(units));
        const found = reconcile(account);
        expect(found.addsUp).toBe(true);
        const parts = [
          [account.planned, found.planned, units.slice(0, size)],
          [account.spare, found.spare, units.slice(size)],
        ] as const;
        for (const [part, shown, of] of parts) {
          // Each unit once, by what is known of it last: its ledger, the book, or that it came back.
          const back = (unit: Fate): boolean =>
            isOut(unit) && unit.book === undefined && unit.givenBackBy.length > 0;
          expect(part).toMatchObject({
            ...{ total: of.length, difference: 0 },
            granted: countOf(of, (unit) => isOut(unit) && unit.book === 'granted'),
            lost: countOf(of, (unit) => isOut(unit) && unit.book === 'lost'),
            handedOut: countOf(of, (unit) => isOut(unit) && unit.book === 'handedOut'),
            surrendered: countOf(of, back),
            free: countOf(of, (unit) => !isOut(unit) && unit.state === 'free'),
          });
          expect(shown.notAdmitted).toBe(countOf(of, (unit) => isOut(unit) && !back(unit)));
          expect(shown.admitted).toBe(countOf(of, (unit) => !isOut(unit)));
        }
      }),
    );
  });

  it('does not add up when a ledger counts a single unit more or less than it has', () => {
    fc.assert(
      fc.property(
        fc.array(fate, { minLength: 1, maxLength: 20 }),
        fc.constantFrom(-1, 1),
        fc.constantFrom(...HELD_STATES),
        (units, by, state) => {
          const [first, ...others] = sharesOf(units, units.length);
          if (!first) throw new Error('there are ledgers');
          const { planned } = first.counts;
          const states = { ...planned.states, [state]: planned.states[state] + by };
          const counts = { ...first.counts, planned: { ...planned, states } };
          const lot = { size: units.length, spare: 0 };
          const account = accountFor(lot, [{ ...first, counts }, ...others], NO_BOOK);
          expect(reconcile(account)).toMatchObject({ addsUp: false, planned: { difference: -by } });
        },
      ),
    );
  });

  it('does not add up when two ledgers were given the same units', () => {
    const counts = { planned: { ...noCounts(), admitted: 10, free: 10 }, spare: noCounts() };
    const share = { counts, claimed: [{ from: 0, count: 10 }], surrendered: [] };
    const account = accountFor({ size: 10, spare: 0 }, [share, share], NO_BOOK);
    expect(reconcile(account)).toMatchObject({ addsUp: false, planned: { difference: -10 } });
  });

  it('says how many spare units a device has or had', () => {
    const states = { ...noCounts().states, done: 1, scrapped: 1 };
    const spare = { ...noCounts(), admitted: 3, free: 1, states };
    const counts = { planned: noCounts(), spare };
    const share = { counts, claimed: [{ from: 10, count: 3 }], surrendered: [] };
    const account = accountFor({ size: 10, spare: 3 }, [share], NO_BOOK);
    expect(reconcile(account)).toMatchObject({ addsUp: true, spareUsed: 2 });
  });
});
