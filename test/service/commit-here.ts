import { takeOperation } from '../../src/service/store/operations.ts';
import { COMMIT_KIND } from '../../src/service/store/uploads.ts';
import { commitUpload } from '../../src/service/uploads/commit-upload.ts';
import type { ServiceRig } from './rig.ts';

/**
 * Carries out each commit in this thread as soon as it is asked for: the service's worker is of the built
 * package, and does not know the test's clock.
 */
export function commitHere({ store }: ServiceRig): AsyncDisposable {
  let work: Promise<unknown> = Promise.resolve();
  const watch = store.watch((id) => {
    if (id !== COMMIT_KIND) return;
    work = work.then(async () => {
      const origin = { actor: 'registry' } as const;
      const operation = await store.change(origin, (change) => takeOperation(change, COMMIT_KIND));
      if (operation) await commitUpload(store, operation);
    });
  });
  return {
    async [Symbol.asyncDispose]() {
      watch[Symbol.dispose]();
      await work;
    },
  };
}
