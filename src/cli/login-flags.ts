import { Flags } from '@oclif/core';
import { KeylineError } from '../kernel/errors.ts';
import { utf8 } from '../kernel/bytes.ts';
import { Secret } from '../kernel/secret.ts';
import { readSecretFile, readSecretInput } from '../keystore/read-input.ts';
import type { ClientProof, PersonProof } from '../job/registry-login.ts';
import type { BaseCommand } from './base-command.ts';
import { caFileFlag, contextFlag } from './registry-context-flags.ts';

const CLIENT = { helpGroup: 'SYSTEM ACCOUNT' } as const;
const PERSON = { helpGroup: 'PERSON' } as const;

/** A space between them is passed over. */
const CODE = {
  ...{ helpValue: 'DIGITS', summary: 'What the authenticator shows now.' },
  parse: (input: string) => Promise.resolve(sixDigits(input)),
};

/** `--code DIGITS`. */
export const codeFlag = Flags.string(CODE);

/** The flags of whoever chooses a password without being logged in. */
export const newPasswordFlags = {
  'password-file': Flags.string({
    helpValue: 'FILE|-',
    summary: 'Read the new password from FILE, or from stdin.',
  }),
  context: contextFlag,
  'ca-file': caFileFlag,
  'insecure-http': Flags.boolean({ summary: 'Plain HTTP beyond this machine.' }),
};

/** How one logs in to a registry: as a person, or as a system account with its client's files. */
export const loginFlags = {
  context: contextFlag,
  'ca-file': caFileFlag,
  login: Flags.string({ ...PERSON, helpValue: 'NAME', summary: 'Log-in name; asked for.' }),
  account: Flags.string({
    ...PERSON,
    helpValue: 'HANDLE',
    summary: 'The account to act in; your own unless given.',
  }),
  'password-file': Flags.string({
    ...PERSON,
    helpValue: 'FILE|-',
    summary: 'Read the password from FILE, or from stdin.',
  }),
  code: Flags.string({ ...PERSON, ...CODE }),
  'client-id-file': Flags.string({ ...CLIENT, helpValue: 'FILE', summary: 'The client id, pr_….' }),
  'client-secret-file': Flags.string({
    ...CLIENT,
    helpValue: 'FILE',
    summary: 'The client secret, kc_….',
  }),
  renew: Flags.boolean({
    ...CLIENT,
    summary: 'Get another token from the client’s files, whenever one ends.',
  }),
  'insecure-http': Flags.boolean({ summary: 'Plain HTTP beyond this machine.' }),
};

/** What those flags gave. */
export interface LoginFlagValues {
  readonly login?: string | undefined;
  readonly account?: string | undefined;
  readonly 'password-file'?: string | undefined;
  readonly code?: string | undefined;
  readonly 'client-id-file'?: string | undefined;
  readonly 'client-secret-file'?: string | undefined;
  readonly renew: boolean;
}

/**
 * How the flags want to log in; what is missing is asked for at a terminal, and else `login-incomplete`
 * is thrown before anything is sent. `before` is the log-in name of the context until now.
 */
export async function loginProof(
  command: Pick<BaseCommand, 'isInteractive' | 'signal'>,
  flags: LoginFlagValues,
  before: string | undefined,
): Promise<ClientProof | PersonProof> {
  const idFile = flags['client-id-file'];
  const secretFile = flags['client-secret-file'];
  const { renew: renews, account, code } = flags;
  const passwordFile = flags['password-file'];
  if ((idFile ?? secretFile) !== undefined || renews) {
    if ((flags.login ?? account ?? code ?? passwordFile) !== undefined) {
      throw new KeylineError('usage', {
        message: 'a person and a system account cannot log in at once',
      });
    }
    if (idFile === undefined || secretFile === undefined) throw incomplete();
    return { kind: 'client', idFile, secretFile, renews };
  }
  const { isInteractive, signal } = command;
  if (!isInteractive && passwordFile === undefined) throw incomplete();
  const login = flags.login ?? before ?? (isInteractive ? await askLogin(signal) : undefined);
  if (login === undefined) throw incomplete();
  return {
    ...{ kind: 'person', login, account },
    password: () => readPassword(passwordFile, signal, `Password of ${login}:`),
    code: () => readCode(code, { isInteractive, signal }),
  };
}

async function askLogin(signal: AbortSignal): Promise<string> {
  const { askText } = await import('./ask.ts');
  return await askText('Log-in name:', signal);
}

/** The password that is to be changed, from a file or a person. Throws `usage` where there is neither. */
export async function presentPassword(
  { isInteractive, signal }: Pick<BaseCommand, 'isInteractive' | 'signal'>,
  path: string | undefined,
): Promise<Secret> {
  if (path !== undefined || isInteractive)
    return await readPassword(path, signal, 'Present password:');
  throw new KeylineError('usage', {
    message: 'neither an invitation nor the present password was given',
    hint: 'Give --invitation-file FILE, or --old-password-file FILE to change your own.',
  });
}

async function readPassword(
  path: string | undefined,
  signal: AbortSignal,
  question: string,
): Promise<Secret> {
  if (path === undefined) {
    const { askSecret } = await import('./ask-secret.ts');
    return notEmpty(Secret.take(utf8(await askSecret(question, signal))), 'the password');
  }
  using file = await (path === '-' ? readSecretInput() : readSecretFile(path));
  const line = file.use((bytes) => {
    const end = bytes.indexOf(0x0a);
    const first = bytes.subarray(0, end === -1 ? bytes.length : end);
    return Secret.copyOf(first.at(-1) === 0x0d ? first.subarray(0, -1) : first);
  });
  return notEmpty(line, `the password in ${path === '-' ? 'standard input' : path}`);
}

function notEmpty(secret: Secret, what: string): Secret {
  if (secret.use(({ length }) => length > 0)) return secret;
  throw new KeylineError('usage', { message: `${what} is empty`, hint: 'Give it again.' });
}

/** The code that a log-in needs: of the flag, or asked for. Throws `totp-required` where there is neither. */
async function readCode(
  code: string | undefined,
  { isInteractive, signal }: Pick<BaseCommand, 'isInteractive' | 'signal'>,
): Promise<string> {
  if (code !== undefined) return code;
  if (isInteractive) return await askCode(signal);
  throw new KeylineError('totp-required', {
    message: 'this person has an authenticator, and no code was given',
    hint: 'Give the code that it shows now with --code DIGITS.',
  });
}

/** A code of one’s own authenticator, from the flag or a person. Throws `usage` where there is neither. */
export async function presentCode(
  { isInteractive, signal }: Pick<BaseCommand, 'isInteractive' | 'signal'>,
  code: string | undefined,
): Promise<string> {
  if (code !== undefined) return code;
  if (isInteractive) return await askCode(signal);
  throw new KeylineError('usage', {
    message: 'no code of the authenticator was given',
    hint: 'Give the one that it shows now with --code DIGITS.',
  });
}

async function askCode(signal: AbortSignal): Promise<string> {
  const { askText } = await import('./ask.ts');
  return sixDigits(await askText('Code of your authenticator:', signal));
}

function sixDigits(text: string): string {
  const digits = text.replaceAll(' ', '');
  if (/^\d{6}$/.test(digits)) return digits;
  throw new KeylineError('usage', {
    message: 'a code of an authenticator has six digits',
    hint: 'Give the one that it shows now.',
  });
}

function incomplete(): KeylineError {
  return new KeylineError('login-incomplete', {
    message: 'not everything that a log-in needs was given',
  });
}
