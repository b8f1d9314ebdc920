import { KeylineError } from '../kernel/errors.ts';

/**
 * Lets a secret go to standard output where `-` says so. Throws `secret-to-terminal` under `--json`, whose
 * envelope is what is printed.
 */
export function requireSecretPlace(
  command: { jsonEnabled(): boolean },
  paths: readonly string[],
): void {
  if (!command.jsonEnabled() || !paths.includes('-')) return;
  throw new KeylineError('secret-to-terminal', {
    message: 'what --json prints is kept in logs, and holds no secret',
    hint: 'Name a file instead of -.',
  });
}
