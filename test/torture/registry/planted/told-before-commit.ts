import type * as Real from '../../../../src/service/store/run-change.ts';
import { runChange as real } from '../../../../src/service/store/run-change.ts';
import { pause } from '../market.ts';

const LATE_MS = 60;

/** The answer goes out while the transaction is not on disk yet; one that dies then has promised too much. */
export const runChange: typeof Real.runChange = (parts, work) =>
  new Promise((resolve, reject) => {
    const told = real(parts, async (change) => {
      const result = await work(change);
      resolve({ result, woken: [] });
      await pause(LATE_MS);
      return result;
    });
    told.catch(reject);
  });
