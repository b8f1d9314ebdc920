import { setTimeout as sleep } from 'node:timers/promises';
import { ERROR_CATALOG } from '../kernel/error-catalog.ts';
import type { ErrorCode } from '../kernel/error-catalog.ts';
import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import type { Facts } from '../kernel/errors.ts';

/** Where a registry is, and as whom. */
export interface HttpSession {
  /** Without a slash at its end. */
  readonly url: string;
  readonly accessToken?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** First wait before a request is repeated; it doubles. */
  readonly pauseMs?: number;
}

/** One request; what it does must be the same however often it is sent. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

const TIMEOUT_MS = 60_000;
const MOST_TRIES = 8;
const PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Sends a request and resolves to an answer of 2xx. A lost connection, 429 and 502 to 504 are tried
 * again, eight times in all over about half a minute. Throws the code of the problem document (RFC
 * 9457), `registry-unavailable`, `registry-failed` for an answer that is none of ours, `interrupted`.
 */
export async function send(session: HttpSession, request: HttpRequest): Promise<Response> {
  const { url, signal, pauseMs = PAUSE_MS } = session;
  for (let tries = 1; ; tries++) {
    throwIfAborted(signal);
    const response = await attempt(session, request);
    const isPassing = response === undefined || [429, 502, 503, 504].includes(response.status);
    if (response && !isPassing) {
      if (response.ok) return response;
      throw await problemIn(response);
    }
    if (tries === MOST_TRIES) {
      if (response) throw await problemIn(response);
      throw new KeylineError('registry-unavailable', {
        message: `nobody answers at ${url}`,
        hint: 'Check the address and the network; run the command again, and it goes on.',
        facts: { url },
      });
    }
    const asked = Number(response?.headers.get('retry-after') ?? 0) * 1_000;
    await response?.body?.cancel();
    const waitMs = Math.min(LONGEST_PAUSE_MS, Math.max(asked, pauseMs * 2 ** (tries - 1)));
    await pause(waitMs, signal);
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
  const { url, accessToken, signal } = session;
  const { method, path, headers, body } = request;
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(accessToken !== undefined && { authorization: `Bearer ${accessToken}` }),
        ...headers,
      },
      ...(body !== undefined && { body: body as string }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      redirect: 'error',
    });
  } catch {
    // The cause may quote the request.
    throwIfAborted(signal);
    return undefined;
  }
}

async function problemIn(response: Response): Promise<KeylineError> {
  const { status } = response;
  const problem = (await response.json().catch(() => ({}))) as {
    readonly code?: unknown;
    readonly detail?: unknown;
    readonly requestId?: unknown;
    readonly facts?: unknown;
  };
  const { code, detail, requestId } = problem;
  const known = typeof code === 'string' && Object.hasOwn(ERROR_CATALOG, code);
  const id: Facts = typeof requestId === 'string' ? { requestId } : {};
  if (!known) {
    return new KeylineError('registry-failed', {
      message: `the registry answered ${status} in a way that keyline does not know`,
      facts: { status, ...id },
    });
  }
  const message = typeof detail === 'string' ? detail : `the registry answered ${status}`;
  return new KeylineError(code as ErrorCode, {
    message,
    facts: { ...plain(problem.facts), ...id },
  });
}

function plain(facts: unknown): Facts {
  const entries = Object.entries(facts ?? {}).filter(
    ([, value]) => typeof value === 'string' || typeof value === 'number',
  );
  return Object.fromEntries(entries);
}
