import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { describeKey } from '../../src/cli/describe-key.ts';
import { findKey } from '../../src/job/key-list.ts';
import type { KeyCard } from '../../src/job/key-list.ts';

export default class KeyShow extends BaseCommand {
  static override summary = 'Show what is public of a provisioning key';

  static override examples = ['<%= config.bin %> key show', '<%= config.bin %> key show --json'];

  static override args = {
    key: Args.string({ description: 'kp_… or a label; needed where there are several keys.' }),
  };

  async run(): Promise<KeyCard> {
    const { args } = await this.parse(KeyShow);
    const card = await findKey(this.home, args.key);
    this.print(describeKey(card));
    return card;
  }
}
