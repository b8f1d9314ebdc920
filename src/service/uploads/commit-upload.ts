import { concat } from '../../kernel/bytes.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { PartReader } from '../../manifest/part-reader.ts';
import type { ReadRow } from '../../manifest/part-reader.ts';
import { verifyManifestSeal } from '../../seals/manifest-seal.ts';
import type { DeviceRow } from '../../model/device-row.ts';
import { analyze } from '../store/analyze.ts';
import {
  advanceOperation,
  endOperation,
  findOperation,
  releaseOperation,
} from '../store/operations.ts';
import type { Operation } from '../store/operations.ts';
import { registerRows } from '../store/register-rows.ts';
import type { BulkContext } from '../store/register-rows.ts';
import { settleUpload } from '../store/settle-upload.ts';
import type { Change, Store } from '../store/store.ts';
import * as uploads from '../store/uploads.ts';
import type { Upload } from '../store/uploads.ts';
import { nextOf, readBatches } from './read-batches.ts';
import { countOutcomes, outcomeByte } from './row-outcome.ts';
import { unpack } from './unpack-part.ts';

const ORIGIN = { actor: 'registry' } as const;

/** Told after each step that was committed. */
export type OnStep = (operation: Operation) => void | Promise<void>;

/** So many change how the database should look for one of them. */
const MANY_ROWS = 10_000;

/**
 * Makes devices of an upload's rows, a batch of `PartReader` a transaction, and notes with the last of a part what
 * became of it, in one audit entry and one event; then shows them all at once. Where it was cut short,
 * another call goes on, and a part in hand is applied again; `signal` gives the operation back. Throws
 * `state-conflict` where another process has taken the operation over.
 */
export async function commitUpload(
  store: Store,
  taken: Operation,
  { signal, onStep }: { readonly signal?: AbortSignal; readonly onStep?: OnStep } = {},
): Promise<void> {
  let operation = taken;
  const upload = await uploads.findUpload(store.reader, operation.accountId, operation.subject);
  if (!upload) throw new Error('an operation is for an upload that is not there');
  const { seal, lot } = await verifyManifestSeal(upload.seal);
  const reader = new PartReader(seal, lot);
  const context: BulkContext = {
    ...{ accountId: upload.accountId, lotId: upload.lotId, uploadId: upload.id },
    ...{ provisioningKey: lot.provisioningKey, scheme: lot.scheme },
    provisioning: upload.kind === 'planned' ? 'planned' : 'verified',
  };
  for (;;) {
    if (signal?.aborted) {
      await release(store, operation);
      return;
    }
    const part = await uploads.nextPart(store.reader, upload.id);
    if (!part) break;
    const content = part.content ?? new Uint8Array();
    const bytes = part.isGzip === 1 ? await unpack(content) : content;
    const batches = readBatches(reader.steps(part.n, bytes));
    const outcomes: Uint8Array[] = [];
    let rows = await nextOf(batches);
    do {
      const batch = rows ?? [];
      const at = outcomes.length;
      let following: Promise<ReadRow[] | undefined> | undefined;
      operation = await store.change(ORIGIN, async (change) => {
        const applied = applyRows(change, context, batch);
        // While the database works on one batch, the next is read; of a failure, whoever awaits it hears.
        applied.catch(() => undefined);
        rows = await (following ??= nextOf(batches));
        outcomes[at] = await applied;
        const isLast = rows === undefined;
        if (isLast) await endPart(change, { upload, part, outcomes: concat(...outcomes) });
        change.wake(operation.id);
        return held(await advanceOperation(change, operation, operation.done + (isLast ? 1 : 0)));
      });
      await onStep?.(operation);
    } while (rows !== undefined && !signal?.aborted);
  }
  const ended = await store.change(ORIGIN, async (change) => {
    const result = await countAll(change, upload);
    await uploads.showUpload(change, upload);
    return held(await endOperation(change, operation, { result }));
  });
  await onStep?.(ended);
  const isMany = seal.count >= MANY_ROWS;
  if (isMany) await analyze(store, ['devices', 'credentials']);
  await settleUpload(store, upload, signal);
  if (isMany) await analyze(store, ['devices']);
}

/** Ends the operation of a commit that can never succeed; nothing of the upload is seen. */
export async function failCommit(store: Store, taken: Operation, problem: unknown): Promise<void> {
  await store.change(ORIGIN, async (change) => {
    const operation = await findOperation(change.db, taken.accountId, taken.id);
    if (operation) await endOperation(change, operation, { problem });
  });
}

async function release(store: Store, operation: Operation): Promise<void> {
  await store.change(ORIGIN, (change) => releaseOperation(change, operation));
}

async function endPart(
  change: Change,
  of: {
    readonly upload: Upload;
    readonly part: uploads.UploadPart;
    readonly outcomes: Uint8Array;
  },
): Promise<void> {
  const { upload, part, outcomes } = of;
  await uploads.endPart(change, part, outcomes);
  const { accountId, id: subject } = upload;
  const data = { part: part.n, ...countOutcomes([outcomes]) };
  change.record({ accountId, type: 'upload.part-applied', subject, data });
}

async function applyRows(
  change: Change,
  context: BulkContext,
  rows: readonly ReadRow[],
): Promise<Uint8Array> {
  const good = rows.filter((row): row is DeviceRow => typeof row !== 'string');
  const became = (await registerRows(change, context, good)).values();
  return Uint8Array.from(rows, (row) =>
    outcomeByte(typeof row === 'string' ? row : (became.next().value ?? 'conflict')),
  );
}

async function countAll(change: Change, { id, parts }: Upload): Promise<object> {
  const all: Uint8Array[] = [];
  for (let n = 0; n < parts; n++) {
    all.push((await uploads.outcomesOf(change.db, id, n)) ?? new Uint8Array());
  }
  return { ...countOutcomes(all) };
}

function held(operation: Operation | undefined): Operation {
  if (operation) return operation;
  throw new KeylineError('state-conflict', { message: 'another process works on the upload' });
}
