import { runChange as real } from '../../../../src/service/store/run-change.ts';
import type { Tables } from '../../../../src/service/store/tables.ts';
import { pause } from '../market.ts';

const LATE_MS = 40;

/** Events get their numbers in the transaction, and are written after it; one that dies between leaves a gap. */
export const runChange: typeof real = async (parts, work) => {
  let events: Tables['events'][] = [];
  const done = await real(
    {
      ...parts,
      beforeCommit: async (db, ids) => {
        await parts.beforeCommit?.(db, ids);
        const { at } = await db
          .selectFrom('events')
          .select((eb) => eb.fn.max('at').as('at'))
          .executeTakeFirstOrThrow();
        events = await db.deleteFrom('events').where('at', '=', at).returningAll().execute();
      },
    },
    work,
  );
  await pause(LATE_MS);
  if (events.length > 0) await parts.db.insertInto('events').values(events).execute();
  return done;
};
