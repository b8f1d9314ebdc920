import { BaseCommand } from '../../src/cli/base-command.ts';
import { logOut } from '../../src/job/registry-session.ts';
import type { RegistrySession } from '../../src/job/registry-session.ts';

export default class RegistryLogout extends BaseCommand {
  static override summary = 'End the token and forget it';

  static override examples = [
    '<%= config.bin %> registry logout',
    '<%= config.bin %> registry logout --json',
  ];

  async run(): Promise<RegistrySession> {
    await this.parse(RegistryLogout);
    const session = await logOut(this.home, this.signal);
    this.print(`Logged out of ${session.url}.`);
    return session;
  }
}
