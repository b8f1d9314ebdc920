import { createHash } from 'node:crypto';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { KeylineError } from '../../kernel/errors.ts';
import { planUpload } from '../../manifest/part-reader.ts';
import { verifyManifestSeal } from '../../seals/manifest-seal.ts';
import type { ManifestSeal } from '../../seals/manifest-seal.ts';
import { memberOf } from '../auth/caller.ts';
import type { App, Service } from '../service.ts';
import { findLot } from '../store/lots.ts';
import type { RegisteredLot } from '../store/lots.ts';
import { findOperation } from '../store/operations.ts';
import type { Reader } from '../store/store.ts';
import * as uploads from '../store/uploads.ts';
import type { Upload } from '../store/uploads.ts';
import { maySend, requireUpload } from '../uploads/require-upload.ts';
import { OperationView, toOperationView } from './operations.ts';
import { uploadPartRoutes } from './upload-parts.ts';

const closed = { additionalProperties: false } as const;
/** 67 bytes for 65,536 rows. */
const SEAL_BYTES = 8 * 1024 * 1024;
const MOST_MISSING = 10_000;

const NewUpload = Type.Object(
  {
    kind: Type.Enum(['planned', 'as-built']),
    seal: Type.String({ description: 'JWS, `keyline-seal+jws`.' }),
  },
  closed,
);
const UploadView = Type.Object(
  {
    id: Type.String(),
    lotId: Type.String(),
    kind: Type.Enum(['planned', 'as-built']),
    state: Type.Enum(['receiving', 'committing', 'committed', 'failed', 'abandoned']),
    parts: Type.Integer(),
    received: Type.Integer(),
    missing: Type.Array(Type.Integer(), {
      description: `Parts to send, at most ${MOST_MISSING}.`,
    }),
    operationId: Type.Optional(Type.String()),
    createdAt: Type.String(),
  },
  closed,
);
const Id = Type.Object({ id: Type.String({ maxLength: 64 }) }, closed);

/** Sealed manifests, in parts that are the chunks of their seals. */
export function uploadRoutes(app: App, service: Service): void {
  const { store } = service;
  const config = { access: 'devices:register' } as const;
  const tags = ['uploads'];
  app.post(
    '/v1/lots/:id/uploads',
    {
      config,
      bodyLimit: SEAL_BYTES,
      schema: {
        tags,
        params: Id,
        body: NewUpload,
        response: { 200: UploadView, 201: UploadView },
      },
    },
    (request, reply) =>
      app.repeatable.answer(request, reply, async (change) => {
        const member = memberOf(request);
        const { id: lotId } = request.params;
        const lot = await findLot(change.db, member.accountId, lotId);
        if (!lot || !(await maySend(change.db, member, lotId))) throw unknown('lot');
        const { kind, seal } = request.body;
        const sealed = await verifyManifestSeal(seal);
        checkSeal(sealed.seal, { kind, lot });
        planUpload(sealed.seal, sealed.lot);
        const begun = await uploads.beginUpload(change, {
          ...{ accountId: member.accountId, lotId, kind, seal },
          sealDigest: createHash('sha256').update(seal).digest('hex'),
          parts: sealed.seal.chunks.length,
        });
        const body = await toUploadView(change.db, begun.upload);
        const headers = { location: `/v1/uploads/${begun.upload.id}` };
        return { status: begun.isNew ? 201 : 200, body, headers };
      }),
  );
  app.get(
    '/v1/uploads/:id',
    { config, schema: { tags, params: Id, response: { 200: UploadView } } },
    async (request) => {
      const upload = await requireUpload(store.reader, memberOf(request), request.params.id);
      return await toUploadView(store.reader, upload);
    },
  );
  app.post(
    '/v1/uploads/:id/commit',
    { config, schema: { tags, params: Id, response: { 202: OperationView } } },
    (request, reply) =>
      app.repeatable.answer(request, reply, async (change) => {
        const member = memberOf(request);
        const upload = await requireUpload(change.db, member, request.params.id);
        const id = await uploads.beginCommit(change, upload);
        const operation = await findOperation(change.db, member.accountId, id);
        if (!operation) throw unknown('operation');
        const headers = { location: `/v1/operations/${id}` };
        return { status: 202, body: toOperationView(operation), headers };
      }),
  );
  uploadPartRoutes(app, service);
}

/** A lot's id is its maker's choice: only with its key does it say which lot a seal is for. */
function checkSeal(
  seal: ManifestSeal,
  { kind, lot }: { readonly kind: string; readonly lot: RegisteredLot },
): void {
  const isOfLot = seal.lotId === lot.id && seal.provisioningKey === lot.provisioningKey;
  if (seal.kind === kind && isOfLot) return;
  throw new KeylineError('signature-invalid', {
    message: 'the seal is for another lot or another kind of manifest',
    facts: { reason: 'claim' },
  });
}

async function toUploadView(db: Reader, upload: Upload): Promise<Static<typeof UploadView>> {
  const { id, lotId, kind, state, parts, operationId, createdAt } = upload;
  const here = new Set(await uploads.partsHere(db, id));
  const missing: number[] = [];
  for (let n = 0; n < parts && missing.length < MOST_MISSING; n++)
    if (!here.has(n)) missing.push(n);
  const counts = { parts, received: here.size, missing };
  const given = { ...(operationId !== null && { operationId }) };
  return { ...{ id, lotId, kind, state }, ...counts, ...given, createdAt };
}

function unknown(what: string): KeylineError {
  return new KeylineError('object-unknown', { message: `there is no such ${what}` });
}
