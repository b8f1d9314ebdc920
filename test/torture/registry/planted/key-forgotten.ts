import type { keepAnswer as real } from '../../../../src/service/store/idempotency.ts';

export * from '../../../../src/service/store/idempotency.ts';

/** Every request is a new one. */
export const takeKey = (): Promise<undefined> => Promise.resolve(undefined);

/** Nothing is kept. */
export const keepAnswer: typeof real = () => Promise.resolve();
