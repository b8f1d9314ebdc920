import { Args } from '@oclif/core';
import { BaseCommand } from '../../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../../src/cli/credentials.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { addRegistryKey } from '../../../src/job/add-registry-key.ts';
import type { AddedKey } from '../../../src/job/add-registry-key.ts';

export default class RegistryKeyAdd extends BaseCommand {
  static override summary = 'Prove to a registry that the key is yours';
  static override description =
    'Nothing of the secret leaves. A key belongs to one account; lots and devices under it can be registered from then on. The key’s manufacturer key signs that its devices are the account’s: the first statement of their custody chain.';

  static override examples = [
    '<%= config.bin %> registry key add widgets-2026',
    '<%= config.bin %> registry key add --json',
  ];

  static override args = {
    key: Args.string({ description: 'kp_… or a label; needed where there are several keys.' }),
  };

  static override flags = { ...registryContextFlags, ...keyFlags };

  async run(): Promise<AddedKey> {
    const { args, flags } = await this.parse(RegistryKeyAdd);
    const { registry } = await openRegistryFor(this, flags);
    const credentials = commandCredentials(this, flags);
    const added = await addRegistryKey(this.home, args.key, { registry, credentials });
    this.print(`${added.account} holds ${added.provisioningKey} at ${added.registry}.`);
    if (added.ownerKey !== undefined) {
      const digest = added.ownerKey.slice(0, 16);
      this.print(`Its devices belong to that account’s owner key, SHA-256 ${digest}….`);
    }
    return added;
  }
}
