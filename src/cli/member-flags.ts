import { Args, Flags } from '@oclif/core';
import { lotOfRegistry } from '../job/lot-of-registry.ts';
import type { LotSources } from '../job/lot-of-registry.ts';
import { ROLES } from '../model/role.ts';
import { noDefaultHelp, outputFlags } from './flags.ts';

/** `--role ROLE`, once or more. */
export const roleFlag = Flags.option({
  ...{ options: ROLES, multiple: true, multipleNonGreedy: true, required: true },
})({ helpValue: 'ROLE', summary: 'What it may be in the account; repeat for more.' });

/** `--role ROLE`, where roles can stay as they are. */
export const newRoleFlag = Flags.option({
  ...{ options: ROLES, multiple: true, multipleNonGreedy: true },
})({ helpValue: 'ROLE', summary: 'Its roles from now on, in place of all others.' });

/** `--NAME LOT`, once or more. */
export const lotsFlag = (summary: string) =>
  Flags.string({
    helpValue: 'LOT',
    multiple: true,
    multipleNonGreedy: true,
    default: [],
    defaultHelp: noDefaultHelp,
    summary,
  });

/** The ids of lots that flags name by code or id. Throws `not-found`, `ambiguous`. */
export async function lotIds(sources: LotSources, named: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const lot of named) ids.push(await lotOfRegistry(sources, lot));
  return ids;
}

/** `--invitation-file FILE` and `--force`, of commands that let a person choose a password. */
export const invitationFlags = {
  'invitation-file': Flags.string({
    char: 'o',
    helpValue: 'FILE',
    required: true,
    summary: 'Where the invitation goes, for its owner only; - is stdout.',
  }),
  force: outputFlags.force,
};

/** `--client-secret-file FILE` and `--force`, of commands that get a machine’s secret. */
export const clientSecretFlags = {
  'client-secret-file': Flags.string({
    helpValue: 'FILE',
    required: true,
    summary: 'Where the secret goes, for its owner only; - is stdout.',
  }),
  force: outputFlags.force,
};

/** The machine that a command is about. */
export const machineArgs = {
  machine: Args.string({ required: true, description: 'Its name or client id, pr_….' }),
};

/** The person that a command is about. */
export const personArgs = {
  person: Args.string({ required: true, description: 'Its log-in name or id, pr_….' }),
};
