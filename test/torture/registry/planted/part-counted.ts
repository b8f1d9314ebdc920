import * as commit from '../../../../src/service/uploads/commit-upload.ts';
import * as register from '../../../../src/service/store/register-rows.ts';
import { pause } from '../market.ts';

export * from '../../../../src/service/uploads/commit-upload.ts';
export * from '../../../../src/service/store/register-rows.ts';

const LATE_MS = 300;

let late: (readonly [register.BulkContext, Parameters<typeof register.registerRows>[2]])[] = [];

/** Every row counts as created, and is made later. */
export const registerRows: typeof register.registerRows = (_change, context, rows) => {
  late.push([context, rows]);
  return Promise.resolve(rows.map(() => 'created'));
};

/** The rows of a part are made after the transaction in which it was counted. */
export const commitUpload: typeof commit.commitUpload = (store, taken, options) =>
  commit.commitUpload(store, taken, {
    ...options,
    onStep: async (operation) => {
      await pause(LATE_MS);
      const [all, origin] = [late, { actor: 'registry' }];
      late = [];
      for (const [context, rows] of all) {
        await store.change(origin, (change) => register.registerRows(change, context, rows));
      }
      await options?.onStep?.(operation);
    },
  });
