import { expect, test } from 'vitest';
import { withDeadline } from '../../src/kernel/deadline.ts';

const late = (): Error => new Error('late');
const never = new Promise<never>(() => undefined);
const interrupted = expect.objectContaining({ code: 'interrupted' }) as Error;

test('work in time gives its result or its error', async () => {
  expect(await withDeadline(Promise.resolve(7), { timeoutMs: 60_000, late })).toBe(7);
  const failing = withDeadline(Promise.reject(new Error('own')), { timeoutMs: 60_000, late });
  await expect(failing).rejects.toThrow('own');
});

test('the deadline and the signal end a wait that would not end', async () => {
  await expect(withDeadline(never, { timeoutMs: 1, late })).rejects.toThrow('late');
  const controller = new AbortController();
  const waiting = withDeadline(never, { timeoutMs: 60_000, signal: controller.signal, late });
  controller.abort();
  await expect(waiting).rejects.toThrow(interrupted);
  const signal = AbortSignal.abort();
  await expect(withDeadline(never, { timeoutMs: 60_000, signal, late })).rejects.toThrow(
    interrupted,
  );
});

test('no timer is left behind', async () => {
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const before = timers();
  await withDeadline(Promise.resolve(), { timeoutMs: 60_000, late });
  expect(timers()).toBeLessThanOrEqual(before);
});
