import { setTimeout as sleep } from 'node:timers/promises';
import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import { problemIn, requireOurs } from './http-problem.ts';
import { connectionError } from './connection-error.ts';
import type { RenewableToken } from './renewable-token.ts';

/** How requests travel, in the manner of `fetch`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Where a registry is, and as whom. */
export interface HttpSession {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token?: RenewableToken | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Node’s own unless given. */
  readonly fetch?: Fetch | undefined;
  /** First wait before a request is repeated; it doubles. */
  readonly pauseMs?: number;
  /** Told when a request is about to wait for its third try, and when an answer is long in coming. */
  readonly onWait?: ((why: 'silent' | 'slow') => void) | undefined;
  /** Of what is below, other times than its own: for tests. */
  readonly times?: Partial<typeof TIMES> | undefined;
  /** What to do where the token is not taken any more. */
  readonly loginHint?: string | undefined;
}

/** One request; what it does must be the same however often it is sent. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

const TIMES = {
  /** Of one try, to the head of the answer and its body. */
  timeoutMs: 60_000,
  /** After that an answer is long in coming. */
  slowMs: 10_000,
  /** No further try begins later than that, where nobody answers at all. */
  mostMs: 90_000,
};
const MOST_TRIES = 8;
const PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** Whoever asks for more is not waited for. */
const LONGEST_ASKED_MS = 60_000;

/**
 * Sends a request and resolves to an answer of 2xx. A lost connection, 429, 502 to 504 and a request
 * that is still being carried out are tried again, eight times in all over about half a minute, or for a minute
 * and a half where tries end without a word; a token that is not taken any more is renewed, once. Throws the code of the problem document (RFC 9457),
 * `registry-unavailable`, `registry-untrusted`, `registry-scheme`, `registry-failed` for an answer that is
 * none of ours,
 * `interrupted`.
 */
export async function send(session: HttpSession, request: HttpRequest): Promise<Response> {
  const { token, signal, pauseMs = PAUSE_MS } = session;
  const { mostMs } = { ...TIMES, ...session.times };
  const begunMs = performance.now();
  let renewed = false;
  for (let tries = 1; ; tries++) {
    throwIfAborted(signal);
    const used = token?.current;
    const response = await attempt(session, request);
    if (response?.ok) {
      requireOurs(response, session.url);
      return response;
    }
    const problem = response ? await problemIn(response) : undefined;
    if (problem?.code === 'unauthenticated' && used !== undefined && !renewed) {
      renewed = true;
      if (await token?.renewAfter(used)) continue;
    }
    const askedMs = Number(response?.headers.get('retry-after') ?? 0) * 1_000;
    if (response && problem && (!isPassing(response, problem) || askedMs > LONGEST_ASKED_MS)) {
      throw withLoginHint(problem, session);
    }
    const isLate = !response && performance.now() - begunMs > mostMs;
    if (tries === MOST_TRIES || isLate) throw problem ?? silent(session);
    if (tries === 2) session.onWait?.('silent');
    const waitMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2 ** (tries - 1));
    await pause(Math.max(askedMs, waitMs), signal);
  }
}

/** Waits. Throws `interrupted`. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal && { signal });
  } catch {
    throwIfAborted(signal);
  }
}

async function attempt(session: HttpSession, request: HttpRequest): Promise<Response | undefined> {
  const { url, token, signal, fetch: go = fetch } = session;
  const { method, path, headers, body } = request;
  const { timeoutMs, slowMs } = { ...TIMES, ...session.times };
  const timeout = AbortSignal.timeout(timeoutMs);
  const slow = setTimeout(() => session.onWait?.('slow'), slowMs);
  try {
    return await go(`${url}${path}`, {
      method,
      headers: { ...(token && { authorization: `Bearer ${token.current}` }), ...headers },
      ...(body !== undefined && { body: body as string }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      redirect: 'manual',
    });
  } catch (error) {
    throwIfAborted(signal);
    const lasting = await connectionError(url, error);
    if (lasting) throw lasting;
    return undefined;
  } finally {
    clearTimeout(slow);
  }
}

function isPassing({ status }: Response, { code }: KeylineError): boolean {
  return [429, 502, 503, 504].includes(status) || code === 'idempotency-in-flight';
}

function withLoginHint(problem: KeylineError, { loginHint }: HttpSession): KeylineError {
  if (problem.code !== 'unauthenticated' || loginHint === undefined) return problem;
  const { facts } = problem;
  const message = 'the registry does not take this token, or not any more';
  return new KeylineError('unauthenticated', { message, hint: loginHint, facts });
}

function silent({ url }: HttpSession): KeylineError {
  return new KeylineError('registry-unavailable', {
    message: `nobody answers at ${url}`,
    hint: 'Check the address and the network; run the command again, and it goes on.',
    facts: { url },
  });
}
