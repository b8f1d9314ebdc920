import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { yesFlag } from '../../src/cli/flags.ts';
import { findKey } from '../../src/job/key-list.ts';
import type { KeyCard } from '../../src/job/key-list.ts';
import { retireKey } from '../../src/job/key-retire.ts';

export default class KeyRetire extends BaseCommand {
  static override summary = 'End new lots under a provisioning key';
  static override description = 'Lots that exist stay usable. There is no way back.';

  static override examples = [
    '<%= config.bin %> key retire --yes',
    '<%= config.bin %> key retire widgets-2026 --yes',
  ];

  static override args = {
    key: Args.string({ description: 'kp_… or a label; needed where there are several keys.' }),
  };

  static override flags = { yes: yesFlag };

  async run(): Promise<KeyCard> {
    const { args, flags } = await this.parse(KeyRetire);
    const card = await findKey(this.home, args.key);
    if (card.retiredAt === undefined) {
      await this.confirm(`End new lots under ${card.provisioningKey}?`, flags.yes);
    }
    const retired = await retireKey(this.home, card.provisioningKey);
    this.print(`${retired.provisioningKey} opens no new lots since ${retired.retiredAt ?? ''}.`);
    return retired;
  }
}
