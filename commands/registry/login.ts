import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { loginFlags, loginProof } from '../../src/cli/login-flags.ts';
import { registryChoices, registryEffects } from '../../src/cli/registry-context-flags.ts';
import { logIn, loginTarget } from '../../src/job/registry-login.ts';
import type { RegistrySession } from '../../src/job/registry-session.ts';

export default class RegistryLogin extends BaseCommand {
  static override summary = 'Log a person or a system account in to a registry';
  static override description =
    'The token is kept in KEYLINE_HOME for an hour, readable by its owner only, as a context of its own. Off a terminal everything is given by flags, and nothing is asked.';

  static override examples = [
    '<%= config.bin %> registry login http://127.0.0.1:8080 --login root --password-file pass',
    '<%= config.bin %> registry login http://127.0.0.1:8080 --context line --client-id-file client.id --client-secret-file client.secret --renew',
  ];

  static override args = {
    url: Args.string({
      description: 'Such as https://registry.example; that of the context unless given.',
    }),
  };

  static override flags = loginFlags;

  async run(): Promise<RegistrySession> {
    const { args, flags } = await this.parse(RegistryLogin);
    const choices = registryChoices({ ...flags, registry: args.url });
    const { url, before } = await loginTarget(this.home, choices);
    // Whoever one is at another registry is nobody here.
    const proof = await loginProof(this, flags, before?.url === url ? before.login : undefined);
    const effects = registryEffects(this);
    const session = await logIn(this.home, proof, { choices, effects });
    this.print(`Logged in to ${session.url} as ${session.login ?? session.clientId ?? ''}.`);
    return session;
  }
}
