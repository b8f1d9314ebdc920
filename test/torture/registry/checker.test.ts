import { describe, expect, it } from 'vitest';
import { check } from './checker.ts';
import type { FinalState } from './final-state.ts';
import { answer, DEVICES, honestHistory, honestState, MAKER, OTHER } from './honest-scene.ts';
import type { Call } from './history.ts';
import type { Law } from './scene.ts';

type Rows<Table extends keyof FinalState> = FinalState[Table] extends readonly (infer Row)[]
  ? Row
  : never;

/** The laws that a scene breaks after it was bent. */
function broken(
  bend: { readonly state?: Partial<FinalState>; readonly calls?: (calls: Call[]) => void } & {
    readonly feeds?: Readonly<Record<string, []>>;
    readonly falls?: readonly string[];
  },
): Law[] {
  const history = honestHistory();
  bend.calls?.(history.calls);
  const { feeds = history.feeds, falls = [] } = bend;
  const scene = {
    history: { ...history, feeds, falls },
    state: { ...honestState(), ...bend.state },
  };
  return [...new Set(check(scene).map(({ law }) => law))].sort();
}

/** A table with the row at `at` changed, or gone. */
function changed<Table extends 'devices' | 'transferItems' | 'transfers' | 'operations'>(
  table: Table,
  at: number,
  change?: Partial<Rows<Table>>,
): Rows<Table>[] {
  const rows = [...honestState()[table]] as Rows<Table>[];
  if (!change) rows.splice(at, 1);
  else rows[at] = Object.assign({}, rows[at], change);
  return rows;
}

function attemptsOf(calls: Call[], n: number): Call['attempts'] {
  return calls[n]?.attempts ?? [];
}

it('finds nothing in a registry without a flaw', () => {
  expect(broken({})).toEqual([]);
});

describe('an answer that was given', () => {
  it.each(['uploads', 'uploadParts', 'operations', 'configurations'] as const)(
    'is missed where it is gone from %s',
    (table) => {
      expect(broken({ state: { [table]: [] } })).toContain('acknowledged-stays');
    },
  );

  it('is missed where the device of a row is gone', () => {
    const state = { devices: changed('devices', 1) };
    expect(broken({ state })).toContain('acknowledged-stays');
  });

  it('is missed where a check-in is forgotten', () => {
    const state = { devices: changed('devices', 0, { counter: 1 }) };
    expect(broken({ state })).toEqual(['acknowledged-stays']);
  });

  it('is missed where a device is not known to have what it acknowledged', () => {
    const state = { devices: changed('devices', 0, { ackStep: null }) };
    expect(broken({ state })).toEqual(['acknowledged-stays']);
  });

  it('is another where it was repeated', () => {
    const again = answer({ id: 'tr_2', items: 2 }, { status: 201, isReplay: true });
    const calls = (all: Call[]): void => void attemptsOf(all, 4).push(again);
    expect(broken({ calls })).toContain('same-answer');
  });

  it('is carried out twice', () => {
    const again = answer({ id: 'up_1' }, { status: 201, requestId: 'rq_0' });
    const calls = (all: Call[]): void => void attemptsOf(all, 0).push(again);
    expect(broken({ calls })).toEqual(['one-effect']);
  });

  it('is 500', () => {
    const failed = answer({}, { status: 500 });
    const calls = (all: Call[]): void => void attemptsOf(all, 0).push(failed);
    expect(broken({ calls })).toEqual(['serves-on']);
  });
});

describe('a request', () => {
  const refused = answer({}, { status: 409, code: 'state-conflict' });

  it('that was refused has no effect', () => {
    const calls = (all: Call[]): void => void attemptsOf(all, 4).splice(0, 1, refused);
    expect(broken({ calls })).toContain('nothing-unasked');
  });

  it('that was lost before it was refused may have had one', () => {
    const lost = { lost: 'ECONNRESET' };
    const calls = (all: Call[]): void => void attemptsOf(all, 4).splice(0, 1, lost, refused);
    expect(broken({ calls })).toEqual([]);
  });

  it('that nobody made has no effect', () => {
    const state = { transfers: changed('transfers', 0, { note: 'another' }) };
    expect(broken({ state })).toContain('nothing-unasked');
    const calls = (all: Call[]): void => void attemptsOf(all, 0).splice(0, 1, refused);
    expect(broken({ calls })).toContain('nothing-unasked');
  });

  it('makes one transfer', () => {
    const [first] = honestState().transfers;
    const transfers = first ? [first, { ...first, id: 'tr_2', items: 0 }] : [];
    expect(broken({ state: { transfers } })).toContain('one-effect');
  });
});

describe('a device', () => {
  it('has one owner', () => {
    const [, second] = honestState().devices;
    const copied = second ? [{ ...second, id: 'dv_copy', accountId: OTHER }] : [];
    const devices = [...honestState().devices, ...copied];
    expect(broken({ state: { devices } })).toContain('one-owner');
  });

  it('is where its custody leads', () => {
    const state = { devices: changed('devices', 0, { accountId: MAKER }) };
    expect(broken({ state })).toEqual(['one-owner']);
  });

  it('has a custody row for each step', () => {
    expect(broken({ state: { custody: [] } })).toEqual(['custody-follows', 'one-owner']);
  });

  it('has the credential that it was registered with', () => {
    const credentials = honestState().credentials.map((row) => ({ ...row, deviceId: DEVICES[0] }));
    expect(broken({ state: { credentials } })).toEqual(['one-owner']);
  });
});

describe('an item', () => {
  it('is what was acknowledged of it', () => {
    const state = { transferItems: changed('transferItems', 1, { state: 'withdrawn' }) };
    expect(broken({ state })).toEqual(['decided-once', 'nothing-unasked']);
  });

  it('is not decided twice', () => {
    const asked = { kind: 'withdraw', transferId: 'tr_1', devices: [DEVICES[1]] } as const;
    const counts = { accepted: 1, withdrawn: 1 };
    const calls = (all: Call[]): void => {
      const attempts = [answer({ counts })];
      all.push({ n: 7, by: 'maker', method: 'POST', path: '/', key: 'k', asked, attempts });
    };
    expect(broken({ calls })).toEqual(['decided-once']);
  });

  it('is not left out of a decision on all', () => {
    const asked = {
      kind: 'decide',
      transferId: 'tr_1',
      decision: { default: 'accept', except: [] },
    } as const;
    const calls = (all: Call[]): void => {
      all.splice(5, 1);
      const attempts = [answer({ counts: { accepted: 2 } })];
      all.push({ n: 5, by: 'other', method: 'POST', path: '/', key: 'k', asked, attempts });
    };
    expect(broken({ calls })).toEqual(['decided-once', 'nothing-unasked']);
  });

  it('gives the transfer its state', () => {
    const state = { transfers: changed('transfers', 0, { state: 'open' }) };
    expect(broken({ state })).toEqual(['audit-whole', 'decided-once']);
  });
});

describe('what is counted', () => {
  it('as applied is there', () => {
    const state = { devices: changed('devices', 1), transferItems: [], transfers: [], custody: [] };
    expect(broken({ state })).toContain('part-applied');
  });

  it('as an event is there, once, and got by whoever follows', () => {
    const [first, ...rest] = honestState().events;
    expect(broken({ state: { events: rest } })).toContain('feed-whole');
    const twice = first ? [first, first, ...rest] : [];
    expect(broken({ state: { events: twice } })).toContain('feed-whole');
    const state = honestState();
    const late = state.events.map((event) => ({ ...event, subject: 'tr_other' }));
    expect(broken({ state: { events: late } })).toEqual(['audit-whole', 'feed-whole']);
  });

  it('as an audit entry is there, unaltered', () => {
    const { audit } = honestState();
    expect(broken({ state: { audit: audit.slice(1) } })).toEqual(['audit-whole']);
    const altered = audit.map((row) => ({ ...row, body: row.body.replace('tr_1', 'tr_2') }));
    expect(broken({ state: { audit: altered } })).toContain('audit-whole');
  });
});

it('tells of a registry that does not come to rest, and not of one that was not let', () => {
  const operations = changed('operations', 0, { state: 'running' });
  expect(broken({ state: { operations } })).toEqual(['comes-to-rest', 'part-applied']);
  const [, ...transfers] = honestState().transfers;
  expect(broken({ state: { transfers, isAtRest: false } })).not.toContain('comes-to-rest');
});

it('tells of what the database and its servers complain', () => {
  expect(broken({ state: { complaints: ['malformed'] } })).toEqual(['database-sound']);
  expect(broken({ falls: ['it ended by SIGABRT'] })).toEqual(['serves-on']);
});
