import { answersOf, mayHaveHappened, successOf } from '../history.ts';
import type { Call } from '../history.ts';
import { byKey } from '../scene.ts';
import type { Check } from '../scene.ts';

/** What answers promise among themselves, and that each request has at most one effect. */
export const checkAnswers: Check = ({ history, state }, add) => {
  for (const call of history.calls) {
    for (const { status, requestId } of answersOf(call)) {
      if (status === 500) add('serves-on', `${nameOf(call)} was answered 500 (${requestId})`);
    }
    const successes = answersOf(call).filter(({ status }) => status < 300);
    const texts = new Set(successes.map(({ status, body }) => JSON.stringify([status, body])));
    if (call.key !== undefined && texts.size > 1) {
      add(
        'same-answer',
        `${nameOf(call)} was answered in ${texts.size} ways: ${[...texts].join(' ')}`,
      );
    }
    const firsts = successes.filter(({ isReplay }) => !isReplay);
    if (call.key !== undefined && firsts.length > 1) {
      add('one-effect', `${nameOf(call)} was carried out ${firsts.length} times`);
    }
  }
  for (const fall of history.falls) add('serves-on', fall);
  for (const complaint of state.complaints) add('database-sound', complaint);
  const noted = byKey(state.transfers, ({ note }) => note ?? '');
  for (const call of history.calls) {
    if (call.asked.kind !== 'transfer') continue;
    const made = noted.get(call.asked.note) ?? [];
    noted.delete(call.asked.note);
    if (made.length > 1) add('one-effect', `${nameOf(call)} made ${made.length} transfers`);
    if (made.length > 0 && !mayHaveHappened(call)) {
      add('nothing-unasked', `${nameOf(call)} was refused, and made a transfer`);
    }
    const answer = successOf(call)?.body as { id: string; items: number } | undefined;
    if (!answer) continue;
    const kept = made.find(({ id }) => id === answer.id);
    if (!kept) add('acknowledged-stays', `transfer ${answer.id} is gone`);
    else if (kept.items !== answer.items) {
      add(
        'acknowledged-stays',
        `transfer ${answer.id} has ${kept.items} items, not ${answer.items}`,
      );
    }
  }
  for (const note of noted.keys()) add('nothing-unasked', `nobody asked for the transfer ${note}`);
  if (!state.isAtRest) return;
  for (const { id, kind, state: stands } of state.operations) {
    if (stands !== 'succeeded') add('comes-to-rest', `${kind} ${id} is ${stands}`);
  }
  for (const { id, decision } of state.transfers) {
    if (decision !== null) add('comes-to-rest', `the decision on ${id} is not carried out`);
  }
};

/** A call as a person finds it again. */
export function nameOf({ n, by, method, path }: Call): string {
  return `call ${n}, ${by} ${method} ${path},`;
}
