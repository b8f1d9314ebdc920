import * as real from '../../../src/service/store/run-change.ts';

/** Where a transaction can be cut short from inside. */
export type Place = 'before-commit' | 'committed';

let left = 0;
let where: string | undefined;

/** The server is to die at the `nth` time of coming to this place. */
export function orderDeath(place: Place, nth: number): void {
  where = place;
  left = nth;
}

/**
 * `runChange` of the product, in a process that can die just before a commit, and just after it, when
 * nobody has heard of it yet. It takes the product's place when the program is bundled.
 */
export async function runChange<T>(
  parts: Parameters<typeof real.runChange>[0],
  work: Parameters<typeof real.runChange<T>>[1],
): ReturnType<typeof real.runChange<T>> {
  const done = await real.runChange<T>(
    {
      ...parts,
      beforeCommit: async (db, ids) => {
        await parts.beforeCommit?.(db, ids);
        dieAt('before-commit');
      },
    },
    work,
  );
  dieAt('committed');
  return done;
}

function dieAt(place: Place): void {
  if (place === where && --left === 0) process.kill(process.pid, 'SIGKILL');
}
