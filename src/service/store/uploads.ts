import type { Selectable } from 'kysely';
import { KeylineError } from '../../kernel/errors.ts';
import { flag } from './accounts.ts';
import { newId } from './new-id.ts';
import { createOperation, findOperation } from './operations.ts';
import { settlingFrom } from './settle-upload.ts';
import type { Change, Reader } from './store.ts';
import type { Tables } from './tables.ts';

export type Upload = Readonly<Selectable<Tables['uploads']>>;
export type UploadPart = Readonly<Selectable<Tables['uploadParts']>>;

/** What carries out a commit. */
export const COMMIT_KIND = 'upload.commit';

/** A sealed manifest that is to come. */
export interface NewUpload {
  readonly accountId: string;
  readonly lotId: string;
  readonly kind: Upload['kind'];
  /** JWS. */
  readonly seal: string;
  /** SHA-256 of the JWS, hexadecimal. */
  readonly sealDigest: string;
  readonly parts: number;
}

/** A part as it came. */
export interface NewPart {
  readonly n: number;
  /** SHA-256 of the plain bytes, hexadecimal. */
  readonly digest: string;
  /** Of the plain bytes. */
  readonly sizeBytes: number;
  readonly isGzip: boolean;
  readonly content: Uint8Array;
}

/** Begins an upload; the same seal for the same lot is the same upload. */
export async function beginUpload(
  change: Change,
  wanted: NewUpload,
): Promise<{ readonly upload: Upload; readonly isNew: boolean }> {
  const id = newId('up', change.at);
  const inserted = await change.db
    .insertInto('uploads')
    .values({
      ...wanted,
      ...{ id, state: 'receiving', operationId: null, createdAt: change.at, version: 1 },
      settlingUntil: null,
    })
    .onConflict((conflict) => conflict.columns(['accountId', 'lotId', 'sealDigest']).doNothing())
    .executeTakeFirst();
  const { accountId, lotId, sealDigest } = wanted;
  const upload = await change.db
    .selectFrom('uploads')
    .selectAll()
    .where('lotId', '=', lotId)
    .where('sealDigest', '=', sealDigest)
    .where('accountId', '=', accountId)
    .executeTakeFirstOrThrow();
  const isNew = inserted.numInsertedOrUpdatedRows === 1n;
  if (isNew) change.record({ accountId, type: 'upload.begun', subject: id, data: { lotId } });
  return { upload, isNew };
}

/** The account's upload, or undefined. */
export async function findUpload(
  db: Reader,
  accountId: string,
  id: string,
): Promise<Upload | undefined> {
  return await db
    .selectFrom('uploads')
    .selectAll()
    .where('id', '=', id)
    .where('accountId', '=', accountId)
    .executeTakeFirst();
}

/** Numbers of the parts that are here, in order. */
export async function partsHere(db: Reader, uploadId: string): Promise<number[]> {
  const query = db.selectFrom('uploadParts').select('n').where('uploadId', '=', uploadId);
  return (await query.orderBy('n').execute()).map(({ n }) => n);
}

/** SHA-256 of a part that is here, or undefined. */
export async function digestOfPart(
  db: Reader,
  uploadId: string,
  n: number,
): Promise<string | undefined> {
  const query = db.selectFrom('uploadParts').select('digest').where('uploadId', '=', uploadId);
  return (await query.where('n', '=', n).executeTakeFirst())?.digest;
}

/** Keeps a part; one that is here already stays. Throws `state-conflict` once the upload is committed. */
export async function keepPart(change: Change, upload: Upload, part: NewPart): Promise<void> {
  const { numUpdatedRows } = await change.db
    .updateTable('uploads')
    .set((eb) => ({ version: eb('version', '+', 1) }))
    .where('id', '=', upload.id)
    .where('state', '=', 'receiving')
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) {
    throw new KeylineError('state-conflict', { message: 'the upload takes no more parts' });
  }
  const { isGzip, ...rest } = part;
  await change.db
    .insertInto('uploadParts')
    .values({
      ...{ ...rest, uploadId: upload.id, isGzip: flag(isGzip), outcomes: null, appliedAt: null },
    })
    .onConflict((conflict) => conflict.columns(['uploadId', 'n']).doNothing())
    .execute();
}

/**
 * Begins the operation that makes devices of an upload's rows, once; again it is the same operation,
 * unless that one failed: a new one goes on with the parts that are left. Throws `upload-incomplete`.
 */
export async function beginCommit(change: Change, { id, accountId }: Upload): Promise<string> {
  const upload = await change.db
    .updateTable('uploads')
    .set((eb) => ({ version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  const before =
    upload.operationId === null
      ? undefined
      : await findOperation(change.db, accountId, upload.operationId);
  if (before && before.state !== 'failed') return before.id;
  const here = (await partsHere(change.db, id)).length;
  if (here < upload.parts) {
    throw new KeylineError('upload-incomplete', {
      message: `${upload.parts - here} of ${upload.parts} parts are missing`,
      facts: { parts: upload.parts, missing: upload.parts - here },
    });
  }
  const operation = await createOperation(change, {
    ...{ accountId, kind: COMMIT_KIND, subject: id, total: upload.parts },
  });
  await change.db
    .updateTable('uploads')
    .set({ state: 'committing', operationId: operation.id })
    .where('id', '=', id)
    .execute();
  return operation.id;
}

/** The first part that has not been applied yet, with its content, or undefined. */
export async function nextPart(db: Reader, uploadId: string): Promise<UploadPart | undefined> {
  return await db
    .selectFrom('uploadParts')
    .selectAll()
    .where('uploadId', '=', uploadId)
    .where('appliedAt', 'is', null)
    .orderBy('n')
    .limit(1)
    .executeTakeFirst();
}

/** Notes what became of a part's rows and lets its content go. */
export async function endPart(
  change: Change,
  { uploadId, n }: Pick<UploadPart, 'uploadId' | 'n'>,
  outcomes: Uint8Array,
): Promise<void> {
  await change.db
    .updateTable('uploadParts')
    .set({ content: null, outcomes, appliedAt: change.at })
    .where('uploadId', '=', uploadId)
    .where('n', '=', n)
    .execute();
}

/** What became of a part's rows, a byte a row, or undefined. */
export async function outcomesOf(
  db: Reader,
  uploadId: string,
  n: number,
): Promise<Uint8Array | undefined> {
  const query = db.selectFrom('uploadParts').select('outcomes').where('uploadId', '=', uploadId);
  return (await query.where('n', '=', n).executeTakeFirst())?.outcomes ?? undefined;
}

/** Shows the upload's devices, all at once; `settleUpload` goes through their rows afterwards. */
export async function showUpload(change: Change, { id }: Upload): Promise<void> {
  await change.db
    .updateTable('uploads')
    .set((eb) => ({
      ...{ state: 'committed', settlingUntil: settlingFrom(change.at) },
      version: eb('version', '+', 1),
    }))
    .where('id', '=', id)
    .execute();
}
