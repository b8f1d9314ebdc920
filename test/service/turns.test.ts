import { expect, it } from 'vitest';
import { Turns } from '../../src/service/http/turns.ts';

it('lets other work have its turn between those that run at once', async () => {
  const turns = new Turns(8);
  const done: number[] = [];
  const all = Promise.all(
    Array.from({ length: 80 }, (_, n) =>
      turns.run(async () => {
        done.push(n);
        await Promise.resolve();
      }),
    ),
  );
  let most = 0;
  let others = 0;
  while (done.length < 80) {
    const before = done.length;
    await new Promise(setImmediate);
    others++;
    most = Math.max(most, done.length - before);
  }
  await all;
  expect(done).toEqual(Array.from({ length: 80 }, (_, n) => n));
  expect(others).toBeGreaterThanOrEqual(10);
  expect(most).toBeLessThanOrEqual(16);
});

it('goes on after work that fails, whose error is passed on', async () => {
  const turns = new Turns(1);
  const failing = turns.run(() => Promise.reject(new Error('no')));
  const next = turns.run(() => Promise.resolve(7));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe(7);
});
