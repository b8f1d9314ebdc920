import { KeylineError } from '../kernel/errors.ts';

/** A form of names, for a schema and for a person. */
interface NameForm {
  readonly pattern: string;
  readonly what: string;
  readonly rule: string;
}

/** An account’s handle, which stays for good. */
export const HANDLE: NameForm = {
  pattern: '^[a-z0-9][a-z0-9-]{2,39}$',
  what: 'handle of an account',
  rule: '3 to 40 characters, small letters, digits and -, the first no -',
};

/** What a person types to log in: lower case, so that two never differ by case alone. */
export const LOGIN_NAME: NameForm = {
  pattern: '^[a-z0-9][a-z0-9._@+-]{2,127}$',
  what: 'log-in name',
  rule: '3 to 128 characters, small letters, digits and . _ @ + -, the first a letter or digit',
};

/** The text, if it has the form. Throws `usage`. */
export function parseName({ pattern, what, rule }: NameForm, text: string): string {
  if (new RegExp(pattern).test(text)) return text;
  throw new KeylineError('usage', {
    message: `${JSON.stringify(text)} is no ${what}`,
    hint: `It has ${rule}.`,
  });
}
