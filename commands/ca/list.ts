import { BaseCommand } from '../../src/cli/base-command.ts';
import { table } from '../../src/cli/table.ts';
import { listCaCards } from '../../src/job/ca.ts';
import type { CaCard } from '../../src/job/ca-card.ts';

export default class CaList extends BaseCommand {
  static override summary = 'List the roots';

  static override examples = ['<%= config.bin %> ca list', '<%= config.bin %> ca list --json'];

  async run(): Promise<readonly CaCard[]> {
    await this.parse(CaList);
    const cards = await listCaCards(this.home);
    this.print(
      cards.length === 0
        ? 'There is no root yet; make one with `keyline ca create`.'
        : table(cards, [
            { title: 'root', value: (card) => card.name },
            { title: 'subject', value: (card) => card.subject },
            { title: 'valid until', value: (card) => card.notAfter },
            {
              title: 'key',
              value: (card) =>
                card.token !== undefined ? 'in a token' : card.hasKey ? 'here' : 'elsewhere',
            },
          ]),
    );
    return cards;
  }
}
