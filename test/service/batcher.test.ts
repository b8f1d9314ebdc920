import { expect, it } from 'vitest';
import { Batcher } from '../../src/service/http/batcher.ts';

const OPTIONS = { most: 8, atOnce: 1, isOfAll: () => false };

it('answers together what is asked at once, at most so many, each in its order', async () => {
  const batches: number[] = [];
  const batcher = new Batcher((numbers: readonly number[]) => {
    batches.push(numbers.length);
    return Promise.resolve(numbers.map((n) => n * 2));
  }, OPTIONS);
  const asked = Array.from({ length: 20 }, (_, n) => batcher.ask(n));
  expect(await Promise.all(asked)).toEqual(Array.from({ length: 20 }, (_, n) => n * 2));
  expect(batches).toEqual([8, 8, 4]);
  expect(await batcher.ask(7)).toBe(14);
});

it('lets other work have its turn between batches', async () => {
  let done = 0;
  const batcher = new Batcher(
    (numbers: readonly number[]) => {
      done += numbers.length;
      return Promise.resolve(numbers);
    },
    { ...OPTIONS, atOnce: 2 },
  );
  const all = Promise.all(Array.from({ length: 160 }, (_, n) => batcher.ask(n)));
  let most = 0;
  let others = 0;
  while (done < 160) {
    const before = done;
    await new Promise(setImmediate);
    others++;
    most = Math.max(most, done - before);
  }
  await all;
  expect(others).toBeGreaterThanOrEqual(10);
  expect(most).toBeLessThanOrEqual(16);
});

it('lets a question that cannot be answered spoil no other of its batch', async () => {
  const batcher = new Batcher((numbers: readonly number[]) => {
    if (numbers.includes(3)) return Promise.reject(new Error('three'));
    return Promise.resolve(numbers);
  }, OPTIONS);
  const asked = Array.from({ length: 5 }, (_, n) => batcher.ask(n));
  const answers = await Promise.allSettled(asked);
  expect(answers.map(({ status }) => status === 'fulfilled')).toEqual([
    ...[true, true, true, false, true],
  ]);
  await expect(asked[3]).rejects.toThrow('three');
});

it('gives an error that is no question’s fault to all at once', async () => {
  let calls = 0;
  const batcher = new Batcher(
    () => {
      calls++;
      return Promise.reject(new Error('away'));
    },
    { ...OPTIONS, isOfAll: () => true },
  );
  const answers = await Promise.allSettled([batcher.ask(1), batcher.ask(2)]);
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(calls).toBe(1);
});
