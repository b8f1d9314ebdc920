import { Flags } from '@oclif/core';
import type { KeyChoices } from '../job/key-create.ts';
import type { TokenRequest } from '../job/key-token.ts';
import { parseTokenAddress } from '../keystore/pkcs11/token-address.ts';
import { parseProvisioningKey } from '../model/ids.ts';
import type { ProvisioningKey } from '../model/ids.ts';
import { recipientFlag } from './flags.ts';

export { parseTokenAddress };

/** What `key create` and `key import` let a person decide. */
export const keyChoiceFlags = {
  use: Flags.option({
    options: ['factory', 'field'] as const,
    default: 'factory' as const,
    summary: 'What the key is for.',
  })(),
  label: Flags.string({ helpValue: 'TEXT', summary: 'A name for people.' }),
  recipient: recipientFlag('Who opens the key file; repeat for more.'),
};

/** A token as the home of a key. */
export const tokenFlags = {
  pkcs11: Flags.string({
    helpValue: 'MODULE:SLOT',
    summary: 'Keep the secret in a PKCS#11 token.',
    description: 'The path of its library, and a slot number or the label of the token.',
  }),
  backup: Flags.string({
    helpValue: 'FILE',
    dependsOn: ['pkcs11', 'recipient'],
    summary: 'Write an age file of the secret for the recipients first.',
  }),
  'no-backup': Flags.boolean({
    dependsOn: ['pkcs11'],
    exclusive: ['backup', 'recipient'],
    summary: 'Accept that a lost token is a lost key.',
  }),
  force: Flags.boolean({ dependsOn: ['backup'], summary: 'Replace a backup file that exists.' }),
};

/** The token that the flags name, and its backup, or undefined. Throws `usage`. */
export function tokenOf(flags: {
  readonly pkcs11?: string | undefined;
  readonly backup?: string | undefined;
  readonly 'no-backup': boolean;
  readonly force: boolean;
}): Omit<TokenRequest, 'choices' | 'expect'> | undefined {
  const { pkcs11, backup: path, 'no-backup': withoutBackup, force } = flags;
  if (pkcs11 === undefined) return undefined;
  const token = parseTokenAddress(pkcs11);
  return { token, withoutBackup, ...(path !== undefined && { backup: { path, force } }) };
}

/** A `kp_…`. */
export const provisioningKeyFlag = Flags.custom<ProvisioningKey>({
  helpValue: 'kp_…',
  parse: (input) => Promise.resolve(parseProvisioningKey(input)),
});

/** The choices that the flags made. */
export function keyChoices(flags: {
  readonly use: 'factory' | 'field';
  readonly label?: string | undefined;
  readonly recipient: readonly string[];
}): KeyChoices {
  const { use, label, recipient: recipients } = flags;
  return { use, recipients, ...(label !== undefined && { label }) };
}
