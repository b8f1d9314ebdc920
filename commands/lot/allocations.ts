import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { table } from '../../src/cli/table.ts';
import { readAllocations } from '../../src/job/show-lot.ts';
import type { Allocation } from '../../src/job/show-lot.ts';
import { formatRange } from '../../src/model/range.ts';

export default class LotAllocations extends BaseCommand {
  static override summary = 'List which units’ secrets left a lot';
  static override description =
    'Each line was written before its secrets left; a command that failed afterwards keeps its line.';

  static override examples = [
    '<%= config.bin %> lot allocations A1',
    '<%= config.bin %> lot allocations A1 --json',
  ];

  static override args = { lot: Args.string({ required: true, description: 'Code or id.' }) };

  async run(): Promise<readonly Allocation[]> {
    const { args } = await this.parse(LotAllocations);
    const { lot, entries, torn } = await readAllocations(this.home, args.lot);
    if (torn)
      this.warning('a crash cut the last line short; its secrets never left, so it does not count');
    this.print(
      entries.length === 0
        ? `No secret has left lot ${lot.code}.`
        : table(entries, [
            { title: 'at', value: ({ at }) => at },
            { title: 'units', value: (entry) => formatRange(entry), align: 'right' },
            { title: 'purpose', value: ({ purpose }) => purpose },
            { title: 'who', value: ({ who }) => who },
            { title: 'reference', value: ({ reference }) => reference ?? '' },
            { title: 'why', value: ({ why }) => why ?? '' },
            { title: 'again', value: ({ again }) => again ?? '' },
          ]),
    );
    return entries;
  }
}
