import { BaseCommand } from '../../src/cli/base-command.ts';
import { openRegistryFor, registryContextFlags } from '../../src/cli/registry-context-flags.ts';
import { facts } from '../../src/cli/table.ts';
import type { RegistrySession } from '../../src/job/registry-session.ts';

interface Whoami extends RegistrySession {
  readonly id: string;
  readonly kind: 'user' | 'system';
  readonly hasTotp: boolean;
  readonly account: string;
  readonly roles: readonly string[];
}

export default class RegistryWhoami extends BaseCommand {
  static override summary = 'Show who is logged in to which registry';

  static override examples = [
    '<%= config.bin %> registry whoami',
    '<%= config.bin %> registry whoami --json',
  ];

  static override flags = { ...registryContextFlags };

  async run(): Promise<Whoami> {
    const { flags } = await this.parse(RegistryWhoami);
    const { registry, session } = await openRegistryFor(this, flags);
    const { id, kind, login, accountId, accounts, hasTotp, mustEnrolTotp } =
      await registry.identity();
    const { handle = accountId, roles = [] } = accounts.find(({ id }) => id === accountId) ?? {};
    this.print(
      facts([
        ['registry', session.url],
        ['context', session.context],
        ['account', handle],
        [kind === 'user' ? 'person' : 'client', login ?? id],
        ['roles', roles.join(', ')],
        ['second factor', hasTotp ? 'an authenticator' : undefined],
        ['until', session.expiresAt],
      ]),
    );
    if (mustEnrolTotp) {
      this.warning('roles count once an authenticator is enrolled: keyline registry totp add');
    }
    const who = { id, kind, ...(login !== undefined && { login }), hasTotp };
    return { ...session, ...who, accountId, account: handle, roles };
  }
}
