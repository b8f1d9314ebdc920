import { Readable } from 'node:stream';
import { createHash } from 'node:crypto';
import { Type } from 'typebox';
import { KeylineError } from '../../kernel/errors.ts';
import { PartReader } from '../../manifest/part-reader.ts';
import { verifyManifestSeal } from '../../seals/manifest-seal.ts';
import { memberOf } from '../auth/caller.ts';
import type { App, Service } from '../service.ts';
import type { Reader } from '../store/store.ts';
import * as uploads from '../store/uploads.ts';
import type { Upload } from '../store/uploads.ts';
import { describeOutcome } from '../uploads/row-outcome.ts';
import { requireUpload } from '../uploads/require-upload.ts';
import { checkPart, MOST_PART_BYTES, unpack } from '../uploads/unpack-part.ts';

const closed = { additionalProperties: false } as const;
const PartId = Type.Object(
  { id: Type.String({ maxLength: 64 }), n: Type.Integer({ minimum: 0, maximum: 2 ** 32 }) },
  closed,
);
const PartView = Type.Object({ n: Type.Integer(), digest: Type.String() }, closed);
const PART_ROUTE = '/v1/uploads/:id/parts/:n';
const LINES_AT_ONCE = 8_192;

/** The parts of an upload as they come, and what became of its rows. */
export function uploadPartRoutes(app: App, { store }: Service): void {
  const config = { access: 'devices:register' } as const;
  const tags = ['uploads'];
  app.addContentTypeParser(
    ['text/csv', 'application/x-ndjson'],
    { parseAs: 'buffer' },
    (request, body, done) => {
      // Every other route takes JSON: against its schema, bytes would be issues, one each.
      if (request.routeOptions.url === PART_ROUTE) done(null, body);
      else done(mediaType('application/json'));
    },
  );
  app.put(
    PART_ROUTE,
    {
      config,
      bodyLimit: MOST_PART_BYTES,
      schema: {
        tags,
        description:
          'Chunk n as the seal has it; text/csv or application/x-ndjson, gzip as content encoding.',
        params: PartId,
        response: { 200: PartView },
      },
    },
    async (request) => {
      const { id, n } = request.params;
      const member = memberOf(request);
      const upload = await requireUpload(store.reader, member, id);
      const content = request.body;
      if (!Buffer.isBuffer(content)) throw mediaType('text/csv or application/x-ndjson');
      const isGzip = readEncoding(request.headers['content-encoding']);
      const held = await uploads.digestOfPart(store.reader, id, n);
      if (held !== undefined) {
        await requireSame(held, content, isGzip);
        return { n, digest: held };
      }
      const { seal, lot } = await verifyManifestSeal(upload.seal);
      if (n >= seal.chunks.length) {
        throw new KeylineError('object-unknown', { message: 'the seal has no such chunk' });
      }
      const reader = new PartReader(seal, lot);
      const count = (bytes: Uint8Array) => reader.count(n, bytes);
      const part = await checkPart(content, { isGzip, digest: seal.chunks[n], count });
      const origin = { actor: member.principalId, requestId: request.id };
      await store.change(origin, (change) =>
        uploads.keepPart(change, upload, { n, ...part, isGzip, content }),
      );
      return { n, digest: part.digest };
    },
  );
  app.get(
    '/v1/uploads/:id/results',
    {
      config,
      schema: {
        tags,
        description: 'NDJSON: what became of each row, in the order of the manifest.',
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }, closed),
        querystring: Type.Object(
          { only: Type.Optional(Type.Enum(['failed'], { description: 'Conflict and invalid.' })) },
          closed,
        ),
      },
    },
    async (request, reply) => {
      const upload = await requireUpload(store.reader, memberOf(request), request.params.id);
      if (upload.state !== 'committed') {
        throw new KeylineError('state-conflict', { message: 'the upload is not committed yet' });
      }
      const lines = resultLines(store.reader, upload, request.query.only === 'failed');
      return await reply.type('application/x-ndjson').send(Readable.from(lines));
    },
  );
}

/** Rows count from 1 through all parts. */
async function* resultLines(
  db: Reader,
  { id, parts }: Upload,
  onlyFailed: boolean,
): AsyncGenerator<string> {
  let row = 0;
  for (let n = 0; n < parts; n++) {
    const outcomes = (await uploads.outcomesOf(db, id, n)) ?? new Uint8Array();
    for (let from = 0; from < outcomes.length; from += LINES_AT_ONCE) {
      let text = '';
      for (const byte of outcomes.subarray(from, from + LINES_AT_ONCE)) {
        row++;
        const described = describeOutcome(byte);
        const isFailed = described.outcome === 'conflict' || described.outcome === 'invalid';
        if (isFailed || !onlyFailed) text += `${JSON.stringify({ row, ...described })}\n`;
      }
      if (text !== '') yield text;
    }
  }
}

async function requireSame(held: string, content: Uint8Array, isGzip: boolean): Promise<void> {
  const bytes = isGzip ? await unpack(content) : content;
  if (createHash('sha256').update(bytes).digest('hex') === held) return;
  throw new KeylineError('part-conflict', { message: 'the part is here with another content' });
}

function readEncoding(encoding: string | undefined): boolean {
  if (encoding === undefined || encoding === 'identity') return false;
  if (encoding === 'gzip') return true;
  throw mediaType('gzip or no content encoding');
}

function mediaType(expected: string): KeylineError {
  return new KeylineError('media-type-unsupported', {
    message: `this route takes ${expected}`,
    hint: 'Send text/csv or application/x-ndjson, as it is or as gzip.',
  });
}
