import { answersOf, mayHaveHappened, successOf } from '../history.ts';
import type { AskedDecision, Call, Verdict } from '../history.ts';
import { byKey } from '../scene.ts';
import type { Check, Law } from '../scene.ts';
import { nameOf } from './answers.ts';

const MOVES = { accept: 'accepted', refuse: 'refused' } as const;
const OPPOSITE = { accept: 'refused', refuse: 'accepted' } as const;
const ENDS = ['accepted', 'refused', 'withdrawn'] as const;

/** What is to become of one item, as a request says it, or undefined where it says nothing of it. */
type Says = (deviceId: string) => string | undefined;
interface Voice {
  readonly call: Call;
  readonly says: Says;
  /** It speaks of all that is still offered. */
  readonly isWhole: boolean;
  /** Devices that it names. */
  readonly named: readonly string[];
}

interface Decided {
  readonly id: string;
  readonly items: ReadonlyMap<string, string>;
  readonly voices: readonly Voice[];
}

/** Each item is decided once, as somebody asked, and as every answer says. */
export const checkTransfers: Check = ({ history, state }, add) => {
  const items = byKey(state.transferItems, ({ transferId }) => transferId);
  const voices = byKey(history.calls.flatMap(voiceOf), ({ transferId }) => transferId);
  const custody = byKey(state.custody, ({ transferId }) => transferId);
  for (const { id, decision, state: stands, items: count } of state.transfers) {
    const rows = items.get(id) ?? [];
    if (rows.length !== count)
      add('acknowledged-stays', `${id} has ${rows.length} of ${count} items`);
    const final = new Map(rows.map((row) => [row.deviceId, effective(row, decision)]));
    const spoken = voices.get(id) ?? [];
    checkItems({ id, items: final, voices: spoken }, add);
    for (const { call } of spoken) checkCounts(call, countsOf(final), add);
    if (stands !== standing(countsOf(final)))
      add('decided-once', `${id} is ${stands}, its items are not`);
    const handed = new Set((custody.get(id) ?? []).map(({ deviceId }) => deviceId));
    for (const { deviceId, state: became, reason } of rows) {
      if (handed.has(deviceId) !== (became === 'accepted')) {
        add('custody-follows', `${deviceId} is ${became} in ${id}, and its custody says otherwise`);
      }
      if (reason !== null) add('decided-once', `${deviceId} is ${became} in ${id}: ${reason}`);
    }
  }
};

function checkItems({ id, items, voices }: Decided, add: (law: Law, what: string) => void): void {
  const heard = voices.filter(({ call }) => mayHaveHappened(call));
  for (const [deviceId, became] of items) {
    if (became === 'offered' || heard.some(({ says }) => says(deviceId) === became)) continue;
    add('nothing-unasked', `nobody asked that ${deviceId} of ${id} be ${became}`);
  }
  for (const voice of voices) {
    const { call, says, isWhole, named } = voice;
    if (!successOf(call)) continue;
    for (const deviceId of named) {
      if (items.get(deviceId) === says(deviceId)) continue;
      add(
        'decided-once',
        `${nameOf(call)} made ${deviceId} ${String(says(deviceId))}; it is ${String(items.get(deviceId))}`,
      );
    }
    if (!isWhole) continue;
    const others = heard.filter((one) => one !== voice);
    let isAny = named.length > 0;
    for (const [deviceId, became] of items) {
      isAny ||= became === says(deviceId);
      if (became === says(deviceId) || others.some((one) => one.says(deviceId) === became))
        continue;
      add(
        'decided-once',
        `${nameOf(call)} made ${deviceId} ${String(says(deviceId))}; it is ${became}`,
      );
    }
    if (!isAny) add('decided-once', `${nameOf(call)} was acknowledged, and nothing came of it`);
  }
}

/** What was decided stays: an answer’s numbers never go back, and are the last once nothing is offered. */
function checkCounts(call: Call, counts: Counts, add: (law: Law, what: string) => void): void {
  for (const { status, body } of answersOf(call)) {
    if (status !== 200) continue;
    const said = (body as { counts: Counts }).counts;
    const isLast = said['offered'] === 0;
    const wrong = ENDS.filter((end) => {
      const [then, now] = [said[end] ?? 0, counts[end] ?? 0];
      return isLast ? then !== now : then > now;
    });
    for (const end of wrong) {
      add(
        'decided-once',
        `${nameOf(call)} said ${said[end] ?? 0} ${end}; there are ${counts[end] ?? 0}`,
      );
    }
  }
}

type Counts = Readonly<Record<string, number>>;

function countsOf(items: ReadonlyMap<string, string>): Counts {
  const counts: Record<string, number> = {};
  for (const state of items.values()) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** The state that follows from the items, as docs/registry.md has it. */
function standing({ offered = 0, accepted = 0, refused = 0, withdrawn = 0 }: Counts): string {
  if (offered > 0) return accepted + refused + withdrawn > 0 ? 'partially-decided' : 'open';
  return accepted + refused > 0 ? 'completed' : 'withdrawn';
}

/** A row that a decision has not reached yet counts as decided. */
function effective(
  { deviceId, state }: { readonly deviceId: string; readonly state: string },
  decision: string | null,
): string {
  if (state !== 'offered' || decision === null) return state;
  const { move, except, opposite } = JSON.parse(decision) as {
    move: string;
    except: string[];
    opposite: string;
  };
  return except.includes(deviceId) ? opposite : move;
}

function voiceOf(call: Call): (Voice & { readonly transferId: string })[] {
  const { asked } = call;
  if (asked.kind === 'withdraw') {
    const { transferId, devices } = asked;
    const says = (id: string): string | undefined =>
      !devices || devices.includes(id) ? 'withdrawn' : undefined;
    return [{ call, transferId, says, isWhole: !devices, named: devices ?? [] }];
  }
  if (asked.kind !== 'decide') return [];
  const { transferId, decision } = asked;
  return [{ call, transferId, ...voiceOfDecision(decision) }];
}

function voiceOfDecision(decision: AskedDecision): Omit<Voice, 'call'> {
  if ('items' in decision) {
    const said = new Map(decision.items.map((item) => [item.deviceId, item.decision]));
    return {
      says: (id) => moveOf(said.get(id)),
      ...{ isWhole: false, named: [...said.keys()] },
    };
  }
  const { default: verdict, except } = decision;
  const says = (id: string): string => (except.includes(id) ? OPPOSITE : MOVES)[verdict];
  return { says, isWhole: true, named: except };
}

function moveOf(verdict: Verdict | undefined): string | undefined {
  return verdict && MOVES[verdict];
}
