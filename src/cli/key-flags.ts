import { Flags } from '@oclif/core';
import type { KeyChoices } from '../job/key-create.ts';
import { parseProvisioningKey } from '../model/ids.ts';
import type { ProvisioningKey } from '../model/ids.ts';

/** What `key create` and `key import` let a person decide. */
export const keyChoiceFlags = {
  use: Flags.option({
    options: ['factory', 'field'] as const,
    default: 'factory' as const,
    summary: 'What the key is for.',
  })(),
  label: Flags.string({ helpValue: 'TEXT', summary: 'A name for people.' }),
  recipient: Flags.string({
    helpValue: 'age1…',
    multiple: true,
    default: [],
    summary: 'Who opens the key file; repeat for more.',
  }),
};

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
