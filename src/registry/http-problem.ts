import { ERROR_CATALOG } from '../kernel/error-catalog.ts';
import type { ErrorCode } from '../kernel/error-catalog.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Facts } from '../kernel/errors.ts';
import { printable } from '../kernel/printable.ts';

/**
 * What an answer that is no 2xx says, as the error with the code of its problem document (RFC 9457);
 * `registry-failed` for one that is none of ours. The body is read.
 */
export async function problemIn(response: Response): Promise<KeylineError> {
  const { status } = response;
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
      facts: { status, ...id },
    });
  }
  const message = typeof detail === 'string' ? detail : `the registry answered ${status}`;
  return new KeylineError(code as ErrorCode, {
    message,
    // What is to be done may be said more exactly there than the code alone lets it be said here.
    ...(typeof title === 'string' && { hint: printable(title) }),
    facts: { ...plain(problem.facts), ...id },
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
