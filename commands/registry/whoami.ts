import { BaseCommand } from '../../src/cli/base-command.ts';
import { facts } from '../../src/cli/table.ts';
import { openRegistry } from '../../src/job/registry-session.ts';
import type { RegistrySession } from '../../src/job/registry-session.ts';

export default class RegistryWhoami extends BaseCommand {
  static override summary = 'Show who is logged in to which registry';

  static override examples = [
    '<%= config.bin %> registry whoami',
    '<%= config.bin %> registry whoami --json',
  ];

  async run(): Promise<RegistrySession & { account: string }> {
    await this.parse(RegistryWhoami);
    const { registry, session } = await openRegistry(this.home, this.signal);
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
