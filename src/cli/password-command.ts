import { choosePassword } from '../job/choose-password.ts';
import { changePassword } from '../job/own-access.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { BaseCommand } from './base-command.ts';
import { newPassword } from './credentials.ts';
import { presentPassword } from './login-flags.ts';
import { openRegistryFor, registryChoices, registryEffects } from './registry-context-flags.ts';
import type { RegistryContextValues } from './registry-context-flags.ts';

/** What the flags gave. */
export interface PasswordFlagValues extends RegistryContextValues {
  readonly 'invitation-file'?: string | undefined;
  readonly 'old-password-file'?: string | undefined;
  readonly 'password-file'?: string | undefined;
}

/**
 * Chooses a password by an invitation, else changes that of the person who is logged in. Resolves to the
 * registry's address. Throws `usage`, what either job throws.
 */
export async function passwordByCommand(
  command: BaseCommand,
  registry: string | undefined,
  flags: PasswordFlagValues,
): Promise<string> {
  const invitationFile = flags['invitation-file'];
  const oldFile = flags['old-password-file'];
  const files = [invitationFile, oldFile, flags['password-file']];
  if (files.filter((file) => file === '-').length > 1) {
    throw new KeylineError('usage', { message: 'standard input can be only one of the files' });
  }
  if (invitationFile !== undefined && oldFile !== undefined) {
    throw new KeylineError('usage', {
      message: 'whoever has an invitation needs no present password',
      hint: 'Give --invitation-file or --old-password-file.',
    });
  }
  const wanted = () => newPassword(command, flags['password-file']);
  if (invitationFile !== undefined) {
    const choices = registryChoices({ ...flags, registry });
    const surroundings = { choices, effects: registryEffects(command) };
    return await choosePassword(command.home, { invitationFile, password: wanted }, surroundings);
  }
  const open = await openRegistryFor(command, { ...flags, registry });
  const old = () => presentPassword(command, oldFile);
  await changePassword(open.registry, { old, wanted });
  return open.session.url;
}
