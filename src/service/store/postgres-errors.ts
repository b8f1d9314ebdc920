import { KeylineError } from '../../kernel/errors.ts';

/** Conditions of the server's that pass, timeouts among them: PostgreSQL appendix A, and what the system says of its socket. */
const PASSING =
  /^(?:08|25P03|53|57014|57P0|58)|^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOENT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOTFOUND)$/;

/** What pg says without a code of a connection that ended or was never there. */
const LOST =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|terminating connection)/;

/** Whether the same transaction may go through when it is run again: serialization failure, deadlock, an outdated statement. */
export function isWorthRepeating(error: unknown): boolean {
  const code = codeOf(error);
  return code === '40001' || code === '40P01' || isOutdated(error);
}

/** Whether a prepared statement would have other columns now than when it was prepared. */
export function isOutdated(error: unknown): boolean {
  return codeOf(error) === '0A000';
}

/** Whether a row is there already that a unique index keeps from being there twice. */
export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === '23505';
}

/** The keyline error for what PostgreSQL said; others pass unchanged. Its text may quote values and stays here. */
export function postgresError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof KeylineError) return error;
  const code = codeOf(error);
  if (
    code === undefined ? LOST.test(error.message) : PASSING.test(code) || isWorthRepeating(error)
  ) {
    return new KeylineError('registry-unavailable', {
      message: 'the database does not answer',
      facts: { reason: code ?? 'connection lost' },
    });
  }
  if (code === '28P01' || code === '28000' || code === '3D000' || code === '42501') {
    return new KeylineError('registry-unavailable', {
      message: `PostgreSQL refuses the connection (${code})`,
      hint: 'Check user, password and name of the database, and what the user may do in it.',
      facts: { reason: code },
    });
  }
  if (code?.startsWith('22')) {
    return new KeylineError('request-invalid', {
      message: 'a value is none that the database can keep',
      facts: { reason: code },
    });
  }
  return error;
}

function codeOf(error: unknown): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
