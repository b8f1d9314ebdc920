import { BaseCommand } from '../../src/cli/base-command.ts';
import { describeHome } from '../../src/cli/describe-key.ts';
import { table } from '../../src/cli/table.ts';
import { listKeys } from '../../src/job/key-list.ts';
import type { KeyCard } from '../../src/job/key-list.ts';

export default class KeyList extends BaseCommand {
  static override summary = 'List the provisioning keys of this machine';

  static override examples = ['<%= config.bin %> key list', '<%= config.bin %> key list --json'];

  async run(): Promise<readonly KeyCard[]> {
    await this.parse(KeyList);
    const keys = await listKeys(this.home);
    if (keys.length === 0) this.print('There are no keys; make one with `keyline key create`.');
    else {
      this.print(
        table(keys, [
          { title: 'KEY', value: (key) => key.provisioningKey },
          { title: 'LABEL', value: (key) => key.label ?? '' },
          { title: 'USE', value: (key) => (key.test ? `${key.use}, test` : key.use) },
          { title: 'CREATED', value: (key) => key.createdAt },
          { title: 'RETIRED', value: (key) => key.retiredAt ?? '' },
          { title: 'KEPT', value: (key) => describeHome(key.home) },
        ]),
      );
    }
    return keys;
  }
}
