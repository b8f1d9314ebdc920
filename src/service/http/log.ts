import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

/** Header names and field names that may carry a secret; nothing logs a body, a query or a header on purpose. */
const SECRET_PATHS = [
  ...['authorization', 'cookie', 'password', 'secret', 'code', 'token', 'clientSecret', 'proof'],
  ...[
    '*.authorization',
    '*.cookie',
    '*.password',
    '*.secret',
    '*.token',
    '*.clientSecret',
    '*.proof',
  ],
  ...['*.headers.authorization', '*.headers.cookie', '*.connectionString'],
];

/** What an error's text may quote: tokens, secrets, codes and the password of an address. */
const SECRET_TEXT = /\b(?:k[tdcmsr]_|es_)[\w-]{16,}|(?<=:\/\/[^\s:/@]{0,64}:)[^\s@]+(?=@)/g;

/** The service's log: one JSON object a line, times in ISO 8601. */
export function createLog(destination: DestinationStream, level = 'info'): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"at":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_PATHS, censor: '[secret]' },
      serializers: { err: describeError, req: () => undefined, res: () => undefined },
    },
    destination,
  );
}

/** Name, code, masked text and where it was thrown; no other field, because a driver's error carries rows. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    ...(typeof code === 'string' && { code }),
    message: mask(error.message),
    stack: mask(error.stack ?? '')
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 12),
  };
}

function mask(text: string): string {
  return text.replace(SECRET_TEXT, '[secret]');
}
