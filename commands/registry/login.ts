import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { contextFlag, registryChoices } from '../../src/cli/registry-context-flags.ts';
import { logIn } from '../../src/job/registry-session.ts';
import type { RegistrySession } from '../../src/job/registry-session.ts';

export default class RegistryLogin extends BaseCommand {
  static override summary = 'Log a system account in to a registry';
  static override description =
    'The token is kept in KEYLINE_HOME for an hour, readable by its owner only.';

  static override examples = [
    '<%= config.bin %> registry login http://127.0.0.1:8080 --client-id-file client.id --client-secret-file client.secret',
    '<%= config.bin %> registry login http://127.0.0.1:8080 --client-id-file client.id --client-secret-file client.secret --json',
  ];

  static override args = {
    url: Args.string({ required: true, description: 'Such as https://registry.example.' }),
  };

  static override flags = {
    context: contextFlag,
    'client-id-file': Flags.string({
      required: true,
      helpValue: 'FILE',
      summary: 'The client id, pr_….',
    }),
    'client-secret-file': Flags.string({
      required: true,
      helpValue: 'FILE',
      summary: 'The client secret, kc_….',
    }),
    'insecure-http': Flags.boolean({ summary: 'Plain HTTP beyond this machine.' }),
  };

  async run(): Promise<RegistrySession> {
    const { args, flags } = await this.parse(RegistryLogin);
    const choices = {
      ...registryChoices(flags),
      url: args.url,
      clientIdFile: flags['client-id-file'],
      clientSecretFile: flags['client-secret-file'],
    };
    const session = await logIn(this.home, choices, this.signal);
    this.print(`Logged in to ${session.url} until ${session.expiresAt}.`);
    return session;
  }
}
