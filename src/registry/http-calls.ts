import { randomUUID } from 'node:crypto';
import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import { send } from './http-client.ts';
import type { HttpRequest, HttpSession } from './http-client.ts';

const JSON_TYPE = { 'content-type': 'application/json' } as const;
/** Rows of a page: as many as the interface gives. */
const PAGE = 1_000;
const MOST_TRIES = 4;
/** Of a change that others' changes come before. */
const MOST_READS = 6;

/** Values of a query; those that are undefined are left out. */
export type QueryValues = Readonly<Record<string, string | number | boolean | undefined>>;

/** The answer's JSON. Throws what `send` throws, as the others here do. */
export async function getJson<Body>(session: HttpSession, path: string): Promise<Body> {
  return await askJson(session, { method: 'GET', path });
}

/** A resource, and the version that its ETag says. */
export interface Versioned<Body> {
  readonly body: Body;
  readonly version: number;
}

/** A resource with its version. */
export async function getVersioned<Body>(
  session: HttpSession,
  path: string,
): Promise<Versioned<Body>> {
  const tag = { text: '' };
  const body = await askJson<Body>(session, { method: 'GET', path }, (headers) => {
    tag.text = headers.get('etag') ?? '';
  });
  // A proxy that packs answers makes the tag a weak one (RFC 9110 section 8.8.1); ours names a version all the same.
  return { body, version: Number(/^(?:W\/)?"(\d+)"$/.exec(tag.text)?.[1]) };
}

/**
 * Sends `body`, or none, for version `match` of a resource where that is given; repetitions of one call
 * have one Idempotency-Key.
 */
export async function postJson<Body>(
  session: HttpSession,
  path: string,
  body?: object,
  match?: number,
): Promise<Body> {
  const headers = {
    'idempotency-key': randomUUID(),
    ...(match !== undefined && { 'if-match': `"${match}"` }),
  };
  if (!body) return await askJson(session, { method: 'POST', path, headers });
  return await askJson(session, jsonRequest('POST', path, body, headers));
}

/** What a resource is to be, or to become in part, and the version that it is meant for. */
export interface Replacement {
  readonly body: object;
  readonly match: number;
}

/** Puts `body` in the place of version `match` of a resource, 0 for a new one. */
export async function putJson<Body>(
  session: HttpSession,
  path: string,
  replacement: Replacement,
): Promise<Body> {
  return await askJson(session, conditional('PUT', path, replacement));
}

/** RFC 5789. */
async function patchJson<Body>(
  session: HttpSession,
  path: string,
  replacement: Replacement,
): Promise<Body> {
  return await askJson(session, conditional('PATCH', path, replacement));
}

/**
 * Changes what `wish` says of a resource as it is then, or nothing where it says nothing. It is read and asked
 * again where it was changed meanwhile: by somebody else, or by this call, whose answer was lost.
 */
export async function changeJson<Body>(
  session: HttpSession,
  path: string,
  wish: (body: Body) => object | undefined,
): Promise<Body> {
  for (let reads = 1; ; reads++) {
    const { body, version } = await getVersioned<Body>(session, path);
    const change = wish(body);
    if (!change) return body;
    try {
      return await patchJson(session, path, { body: change, match: version });
    } catch (error) {
      const isStale = error instanceof KeylineError && error.code === 'precondition-failed';
      if (!isStale || reads === MOST_READS) throw error;
    }
  }
}

/** The path with those values that are there as its query. */
export function withQuery(path: string, values: QueryValues): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query.size > 0 ? `${path}?${query.toString()}` : path;
}

/**
 * A list page by page, each asked for when the one before was taken; `most` rows in all, or as many as
 * there are.
 */
export async function* pagesOf<Item>(
  session: HttpSession,
  path: string,
  values: QueryValues & { readonly most?: number | undefined } = {},
): AsyncGenerator<readonly Item[], void> {
  const { most = Number.POSITIVE_INFINITY, ...filters } = values;
  let cursor: string | undefined;
  for (let left = most; left > 0;) {
    const limit = Math.min(PAGE, left);
    const page = await getJson<{ readonly items: readonly Item[]; readonly next?: string }>(
      session,
      withQuery(path, { ...filters, limit, cursor }),
    );
    yield page.items;
    left -= page.items.length;
    cursor = page.next;
    if (cursor === undefined) return;
  }
}

function conditional(
  method: 'PUT' | 'PATCH',
  path: string,
  { body, match }: Replacement,
): HttpRequest {
  return jsonRequest(method, path, body, { 'if-match': `"${match}"` });
}

/** A request with a body of JSON. */
export function jsonRequest(
  method: HttpRequest['method'],
  path: string,
  body: object,
  headers: HttpRequest['headers'] = {},
): HttpRequest {
  return { method, path, headers: { ...headers, ...JSON_TYPE }, body: JSON.stringify(body) };
}

/** The JSON of an answer; one that breaks off is asked for again. */
export async function askJson<Body>(
  session: HttpSession,
  request: HttpRequest,
  onHeaders: (headers: Headers) => void = () => undefined,
): Promise<Body> {
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const response = await send(session, request);
    onHeaders(response.headers);
    try {
      return (await response.json()) as Body;
    } catch {
      throwIfAborted(session.signal);
    }
  }
  throw brokenOff(session);
}

/** Of answers that end before they are whole. */
export function brokenOff({ url }: HttpSession): KeylineError {
  const message = `answers of ${url} break off`;
  return new KeylineError('registry-unavailable', { message, facts: { url } });
}
