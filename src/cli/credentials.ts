import { Flags } from '@oclif/core';
import { utf8 } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { Secret } from '../kernel/secret.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { othersMayRead, readSecretFile, readSecretInput } from '../keystore/read-input.ts';

/** The flags of every command that opens a key. */
export const keyFlags = {
  identity: Flags.string({
    helpValue: 'FILE',
    helpGroup: 'KEY',
    summary: 'Open age files with the identity in FILE.',
  }),
  'passphrase-file': Flags.string({
    helpValue: 'FILE|-',
    helpGroup: 'KEY',
    summary: 'Read the passphrase from FILE, or from stdin.',
  }),
  'pin-file': Flags.string({
    helpValue: 'FILE|-',
    helpGroup: 'KEY',
    summary: 'Read the PIN of a PKCS#11 token from FILE, or from stdin.',
  }),
};

/** What the flags of `keyFlags` gave. */
export interface KeyFlagValues {
  readonly identity?: string | undefined;
  readonly 'passphrase-file'?: string | undefined;
  readonly 'pin-file'?: string | undefined;
}

/** What surrounds the command. */
export interface CredentialEffects {
  /** Whether a person can be asked. */
  readonly isTerminal: boolean;
  readonly signal?: AbortSignal;
  readonly warn?: (message: string) => void;
  /** Asks a person; a prompt on standard error unless given. */
  readonly ask?: (question: string) => Promise<string>;
}

/** The credentials of a command, from its flags, the environment or its terminal. Throws `no-passphrase`. */
export function commandCredentials(
  command: {
    readonly isInteractive: boolean;
    readonly signal: AbortSignal;
    warning(message: string): void;
  },
  flags: KeyFlagValues,
): Credentials {
  return credentialsFrom(flags, process.env, {
    isTerminal: command.isInteractive,
    signal: command.signal,
    warn: (message) => {
      command.warning(message);
    },
  });
}

/** The same when first needed, and then always the same ones: standard input can be read only once. */
export function lazyCredentials(
  command: Parameters<typeof commandCredentials>[0],
  flags: KeyFlagValues,
): () => Credentials {
  let made: Credentials | undefined;
  return () => (made ??= commandCredentials(command, flags));
}

/** Asks a person for a provisioning secret; it is not shown. Throws `usage` where there is nobody to ask. */
export async function askProvisioningSecret(command: {
  readonly isInteractive: boolean;
  readonly signal: AbortSignal;
}): Promise<Secret> {
  if (!command.isInteractive) {
    throw new KeylineError('usage', { message: 'name the file to read, or - for standard input' });
  }
  const { askSecret } = await import('./ask-secret.ts');
  return Secret.take(utf8(await askSecret('Provisioning secret, ks_…:', command.signal)));
}

/** A new password from a file, `-`, or a person who types it twice. Throws `usage` where there is neither. */
export async function newPassword(
  command: Parameters<typeof commandCredentials>[0],
  path: string | undefined,
): Promise<Secret> {
  const source = sourceOf('password', path, {
    ...{ isTerminal: command.isInteractive, signal: command.signal },
    warn: (message) => {
      command.warning(message);
    },
  });
  if (source) return await source.twice('New password');
  throw new KeylineError('usage', {
    message: 'nothing says what the password is to be',
    hint: 'Give --password-file FILE, or - for standard input.',
  });
}

/**
 * Credentials from flags, else from KEYLINE_IDENTITY_FILE, KEYLINE_PASSPHRASE_FILE and
 * KEYLINE_PIN_FILE, else from prompts. Each flag replaces its variable; a flag for the identity or
 * the passphrase replaces both. Throws `no-passphrase` at once where there is nothing and nobody to ask.
 */
export function credentialsFrom(
  flags: KeyFlagValues,
  env: Readonly<Record<string, string | undefined>>,
  effects: CredentialEffects,
): Credentials {
  const hasFlag = flags.identity !== undefined || flags['passphrase-file'] !== undefined;
  const fromEnv = (name: string): string | undefined =>
    hasFlag ? undefined : env[name] || undefined;
  const identityFile = flags.identity ?? fromEnv('KEYLINE_IDENTITY_FILE');
  const passphraseFile = flags['passphrase-file'] ?? fromEnv('KEYLINE_PASSPHRASE_FILE');
  const pinFile = flags['pin-file'] ?? (env['KEYLINE_PIN_FILE'] || undefined);
  if ((identityFile ?? passphraseFile ?? pinFile) === undefined && !effects.isTerminal) {
    throw new KeylineError('no-passphrase', { message: 'nothing was given to open a key with' });
  }
  if (passphraseFile === '-' && pinFile === '-') {
    throw new KeylineError('usage', {
      message: 'standard input cannot hold both the passphrase and the PIN',
    });
  }
  const passphrase = sourceOf('passphrase', passphraseFile, effects);
  const pin = sourceOf('PIN', pinFile, effects);
  return {
    files: credentialFiles(flags, env),
    ...(identityFile !== undefined && { identityFile }),
    ...(passphrase && { passphrase: passphrase.once, newPassphrase: passphrase.twice }),
    ...(pin && { pin: pin.once }),
    ...(effects.warn && { warn: onceEach(effects.warn) }),
  };
}

/** Those of the environment too, where flags replace them: they are still what opens keys. */
function credentialFiles(
  flags: KeyFlagValues,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const names = ['KEYLINE_IDENTITY_FILE', 'KEYLINE_PASSPHRASE_FILE', 'KEYLINE_PIN_FILE'];
  return [
    ...[flags.identity, flags['passphrase-file'], flags['pin-file']],
    ...names.map((name) => env[name]),
  ].filter((path): path is string => path !== undefined && path !== '' && path !== '-');
}

interface Source {
  readonly once: (purpose: string) => Promise<Secret>;
  readonly twice: (purpose: string) => Promise<Secret>;
}

function sourceOf(
  what: string,
  path: string | undefined,
  effects: CredentialEffects,
): Source | undefined {
  if (path !== undefined) {
    let held: Secret | undefined;
    const read = async (): Promise<Secret> => {
      // Standard input can be read once only; a command may open several files.
      held ??= await readLine(what, path, effects);
      return held.clone();
    };
    return { once: read, twice: read };
  }
  if (!effects.isTerminal) return undefined;
  const ask =
    effects.ask ??
    (async (question) => {
      const { askSecret } = await import('./ask-secret.ts');
      return askSecret(question, effects.signal);
    });
  return {
    once: async (purpose) => secretOf(what, await ask(`${purpose}:`)),
    twice: async (purpose) => {
      const first = await ask(`${purpose}:`);
      using checked = secretOf(what, first);
      if ((await ask('The same again:')) === first) return checked.clone();
      throw new KeylineError('usage', {
        message: `the two entries of the ${what} differ`,
        hint: 'Run the command again; nothing was made.',
      });
    },
  };
}

async function readLine(what: string, path: string, effects: CredentialEffects): Promise<Secret> {
  if (path !== '-' && (await othersMayRead(path))) {
    effects.warn?.(`others may read the ${what} file ${path}; run: chmod 600 ${path}`);
  }
  using content = await (path === '-' ? readSecretInput() : readSecretFile(path));
  const name = path === '-' ? 'standard input' : path;
  return content.use((bytes) => {
    const line = bytes.subarray(0, endOfLine(bytes));
    if (line.includes(0x0a)) {
      throw new KeylineError('usage', {
        message: `${name} holds more than one line, so no ${what}`,
      });
    }
    if (line.length > 0) return Secret.copyOf(line);
    throw isEmpty(what, `the ${what} in ${name}`);
  });
}

function endOfLine(bytes: Uint8Array): number {
  let end = bytes.length;
  if (bytes[end - 1] === 0x0a) end--;
  if (bytes[end - 1] === 0x0d) end--;
  return end;
}

function secretOf(what: string, text: string): Secret {
  if (text !== '') return Secret.take(utf8(text));
  throw isEmpty(what, `the ${what}`);
}

function isEmpty(what: string, where: string): KeylineError {
  const message = `${where} is empty`;
  if (what !== 'password') return new KeylineError('no-passphrase', { message });
  return new KeylineError('usage', { message, hint: 'It has 12 characters or more.' });
}

function onceEach(warn: (message: string) => void): (message: string) => void {
  const said = new Set<string>();
  return (message) => {
    if (said.has(message)) return;
    said.add(message);
    warn(message);
  };
}
