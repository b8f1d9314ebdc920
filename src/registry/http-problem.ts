import { ERROR_CATALOG } from '../kernel/error-catalog.ts';
import type { ErrorCode } from '../kernel/error-catalog.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Facts } from '../kernel/errors.ts';
import { printable } from '../kernel/printable.ts';

const CHECK_ADDRESS =
  'Check the address: something else answers there, or what stands before the registry does.';
/** Content types of a registry’s answers. */
const OURS =
  /^(?:application\/(?:[a-z]+\+)?json|application\/(?:x-ndjson|cbor)|text\/(?:csv|event-stream))\b/;

/** Throws `registry-failed` for an answer of 2xx that no registry gives, such as the page of a log-in to a network. */
export function requireOurs({ headers, status }: Response, url: string): void {
  const type = headers.get('content-type');
  if (type === null || OURS.test(type.toLowerCase())) return;
  throw new KeylineError('registry-failed', {
    message: `what answers at ${url} is no registry: its answer is ${printable(type)}`,
    hint: CHECK_ADDRESS,
    facts: { url, status },
  });
}

/**
 * What an answer that is no 2xx says, as the error with the code of its problem document (RFC 9457);
 * `registry-failed` for one that is none of ours. The body is read.
 */
export async function problemIn(response: Response): Promise<KeylineError> {
  const { status } = response;
  if (status < 400) return elsewhere(response);
  const problem = (await response.json().catch(() => ({}))) as {
    readonly code?: unknown;
    readonly title?: unknown;
    readonly detail?: unknown;
    readonly requestId?: unknown;
    readonly facts?: unknown;
  };
  const { code, title, detail, requestId } = problem;
  const known = typeof code === 'string' && Object.hasOwn(ERROR_CATALOG, code);
  const id: Facts = typeof requestId === 'string' ? { requestId } : {};
  if (!known) {
    return new KeylineError('registry-failed', {
      message: `the registry answered ${status} in a way that keyline does not know`,
      // Whoever answers with no request id has no log of ours.
      ...(id['requestId'] === undefined && { hint: CHECK_ADDRESS }),
      facts: { status, ...id },
    });
  }
  const message = typeof detail === 'string' ? detail : `the registry answered ${status}`;
  return new KeylineError(code as ErrorCode, {
    message,
    // What is to be done may be said more exactly there than the code alone lets it be said here.
    ...(typeof title === 'string' && { hint: printable(title) }),
    // The list of all mistakes, of which that speaks, stays with the answer.
    ...(code === 'request-invalid' && { hint: 'Correct what is named.' }),
    facts: { ...plain(problem.facts), ...id },
  });
}

/** A token is sent nowhere but to the address that it was given for, so that no redirection is followed. */
function elsewhere({ status, headers, url }: Response): KeylineError {
  const to = headers.get('location') ?? '';
  const origin = URL.canParse(to, url) ? new URL(to, url).origin : 'another address';
  return new KeylineError('registry-failed', {
    message: `what answers there sends on to ${printable(origin)} (${status})`,
    hint: 'Give the address of the registry itself.',
    facts: { status },
  });
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function plain(facts: unknown): Facts {
  const entries = Object.entries(facts ?? {}).filter(
    ([, value]) => typeof value === 'string' || typeof value === 'number' || isTexts(value),
  );
  return Object.fromEntries(entries);
}
