import { BaseCommand } from '../../src/cli/base-command.ts';
import {
  contextFlag,
  registryChoices,
  registryEffects,
} from '../../src/cli/registry-context-flags.ts';
import { logOut } from '../../src/job/registry-session.ts';
import type { RegistrySession } from '../../src/job/registry-session.ts';

export default class RegistryLogout extends BaseCommand {
  static override summary = 'End the token and forget it';

  static override examples = [
    '<%= config.bin %> registry logout',
    '<%= config.bin %> registry logout --context line --json',
  ];

  static override flags = { context: contextFlag };

  async run(): Promise<RegistrySession> {
    const { flags } = await this.parse(RegistryLogout);
    const session = await logOut(this.home, registryChoices(flags), registryEffects(this));
    this.print(`Logged out of ${session.url}.`);
    return session;
  }
}
