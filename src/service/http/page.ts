import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { TSchema } from 'typebox';
import { fromBase64Url, toBase64Url, utf8 } from '../../kernel/bytes.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { isMac } from '../keys/master-key.ts';
import type { MasterKey } from '../keys/master-key.ts';

/** Query fields of every list; put them beside the filters of the route. */
export const PAGE_QUERY = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  cursor: Type.Optional(
    Type.String({ maxLength: 2048, description: '`next` of the page before.' }),
  ),
} as const;

/** A page's shape. */
export function pageOf<Item extends TSchema>(item: Item) {
  return Type.Object(
    {
      items: Type.Array(item),
      next: Type.Optional(
        Type.String({ description: 'Cursor of the next page; none on the last.' }),
      ),
    },
    { additionalProperties: false },
  );
}

/** What a list asks its table: rows after the key, one more than the page has. */
export interface PageRequest {
  /** Rows of the page. */
  readonly limit: number;
  /** Key of the last row of the page before. */
  readonly after: readonly (string | number)[] | undefined;
}

/** What a cursor holds for: one list of one account with one set of filters. */
export interface PageScope {
  readonly accountId: string;
  readonly filters?: Readonly<Record<string, unknown>>;
}

const MAC_BYTES = 16;
const DEFAULT_LIMIT = 100;

/** Reads `limit` and `cursor`. Throws `cursor-invalid` for one that this list did not give. */
export function readPage(
  masterKey: MasterKey,
  request: FastifyRequest,
  scope: PageScope,
): PageRequest {
  const { limit = DEFAULT_LIMIT, cursor } = request.query as { limit?: number; cursor?: string };
  if (cursor === undefined) return { limit, after: undefined };
  const bytes = fromBase64Url(cursor);
  const key = bytes && new TextDecoder().decode(bytes.subarray(MAC_BYTES));
  const mac = bytes?.subarray(0, MAC_BYTES);
  if (!mac || !key || !isMac(masterKey, 'cursor', mac, [...scopeText(request, scope), key])) {
    throw new KeylineError('cursor-invalid', { message: 'the cursor is not one of this list' });
  }
  return { limit, after: JSON.parse(key) as (string | number)[] };
}

/**
 * A page of rows, of which there may be one more than fit: then `next` and the Link header (RFC 8288)
 * lead on. `keyOf` gives the key by which the list is ordered.
 */
export function sendPage<Row>(
  page: {
    readonly masterKey: MasterKey;
    readonly request: FastifyRequest;
    readonly reply: FastifyReply;
    readonly scope: PageScope;
  },
  { limit, rows }: { readonly limit: number; readonly rows: readonly Row[] },
  keyOf: (row: Row) => readonly (string | number)[],
): { items: Row[]; next?: string } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  if (rows.length <= limit || last === undefined) return { items };
  const { masterKey, request, reply, scope } = page;
  const key = JSON.stringify(keyOf(last));
  const mac = masterKey.mac('cursor', ...scopeText(request, scope), key).subarray(0, MAC_BYTES);
  const next = toBase64Url(Buffer.concat([mac, utf8(key)]));
  const query = new URLSearchParams(request.query as Record<string, string>);
  query.set('cursor', next);
  reply.header('link', `<${pathOf(request)}?${query.toString()}>; rel="next"`);
  return { items, next };
}

function scopeText(request: FastifyRequest, { accountId, filters = {} }: PageScope): string[] {
  // In whatever order they were asked for.
  return [pathOf(request), accountId, canonicalJson(filters)];
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?')[0] ?? '/';
}
