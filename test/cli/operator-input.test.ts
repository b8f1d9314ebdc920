import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { OperatorInput } from '../../src/cli/operator-input.ts';

const never = new AbortController().signal;

describe('slot numbers that a person types', () => {
  it('count for the slot that waits, and nothing else does', async () => {
    const input = new PassThrough();
    using operator = new OperatorInput(input);
    const arrived: number[] = [];
    const all = [1, 2].map((slot) => operator.next(slot, never).then(() => arrived.push(slot)));
    input.write('\n1x\n7\n2\n');
    await all[1];
    expect(arrived).toEqual([2]);
    input.write(' 1 \n');
    await Promise.all(all);
    expect(arrived).toEqual([2, 1]);
  });

  it('are waited for no longer once the signal fires', async () => {
    using operator = new OperatorInput(new PassThrough());
    const stop = new AbortController();
    const waiting = operator.next(1, stop.signal);
    stop.abort();
    await expect(waiting).resolves.toBeUndefined();
  });

  it('are an error of usage where the input ends and nobody typed one', async () => {
    const input = new PassThrough();
    using operator = new OperatorInput(input);
    const waiting = operator.next(1, never);
    input.end();
    await expect(waiting).rejects.toMatchObject({ code: 'usage' });
    await expect(operator.next(1, never)).rejects.toMatchObject({ code: 'usage' });
  });

  it('end a slot in order where the input ends after one was typed', async () => {
    const input = new PassThrough();
    using operator = new OperatorInput(input);
    const first = operator.next(1, never);
    input.end('1\n');
    await first;
    await expect(operator.next(1, never)).rejects.toMatchObject({ code: 'interrupted' });
  });
});
