import { KeylineError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import { decrypt } from './age-file.ts';
import { isAgeFile } from './age-envelope.ts';
import type { Credentials } from './credentials.ts';
import { readSecretFile, readSecretInput } from './read-input.ts';
import { parseProvisioningSecret } from './secret-text.ts';

/** Where a `ks_` comes from: a file, `-` for standard input, or what a person types. */
export type BackupSource = { readonly path: string } | { readonly ask: () => Promise<Secret> };

/** A provisioning secret from outside the home; the caller disposes of it. */
export interface Backup {
  readonly secret: Secret;
  /** Whether it was readable by everybody who had it. */
  readonly isPlaintext: boolean;
}

/**
 * Reads `ks_…`, as text or inside an age file; `credentials` is called only for an age file. Throws
 * `invalid-provisioning-secret`, `not-found`, and what opening an age file throws.
 */
export async function readBackup(
  source: BackupSource,
  credentials: () => Credentials,
): Promise<Backup> {
  const name = 'path' in source ? nameOf(source.path) : 'the entry';
  using content = await ('ask' in source ? source.ask() : read(source.path));
  if (!content.use(isAgeFile)) return { secret: parse(name, content), isPlaintext: true };
  using text = await decrypt({ name, content }, credentials());
  return { secret: parse(name, text), isPlaintext: false };
}

function read(path: string): Promise<Secret> {
  return path === '-' ? readSecretInput() : readSecretFile(path);
}

function nameOf(path: string): string {
  return path === '-' ? 'standard input' : path;
}

function parse(name: string, text: Secret): Secret {
  try {
    return parseProvisioningSecret(text);
  } catch (error) {
    if (!(error instanceof KeylineError)) throw error;
    throw new KeylineError(error.code, {
      message: `${name} does not hold a provisioning secret`,
      facts: { path: name },
    });
  }
}
