import { BaseCommand } from '../../src/cli/base-command.ts';
import { facts } from '../../src/cli/table.ts';
import { openRegistryFor, registryContextFlags } from '../../src/cli/registry-context-flags.ts';
import type { RegistrySession } from '../../src/job/registry-session.ts';

export default class RegistryWhoami extends BaseCommand {
  static override summary = 'Show who is logged in to which registry';

  static override examples = [
    '<%= config.bin %> registry whoami',
    '<%= config.bin %> registry whoami --json',
  ];

  static override flags = { ...registryContextFlags };

  async run(): Promise<RegistrySession & { account: string }> {
    const { flags } = await this.parse(RegistryWhoami);
    const { registry, session } = await openRegistryFor(this, flags);
    const { handle } = await registry.account();
    this.print(
      facts([
        ['registry', session.url],
        ['account', handle],
        ['client', session.clientId],
        ['until', session.expiresAt],
      ]),
    );
    return { ...session, account: handle };
  }
}
