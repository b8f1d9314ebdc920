import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { lineChoices, lineFlags, overwriteFlags } from '../../src/cli/bench-flags.ts';
import { keyFlags } from '../../src/cli/credentials.ts';
import { countFlag } from '../../src/cli/flags.ts';
import { passFlags } from '../../src/cli/pass-flags.ts';
import { registryContextFlags } from '../../src/cli/registry-context-flags.ts';
import { runLine } from '../../src/cli/run-line.ts';
import type { LineTally } from '../../src/cli/run-line.ts';

export default class StationRun extends BaseCommand {
  static override summary = 'Put credentials onto device after device';
  static override description =
    'Works on all slots of a jig at once. Each device gets its own unit and must show that it holds it; what happened is in the station’s ledger. With --json each event is a line of its own before the result. Exits 6 where a device failed.';

  static override examples = [
    '<%= config.bin %> station run A1 --profile linux-shell --jig ./devices/jig.yaml --once',
    '<%= config.bin %> station run A1 --profile linux-shell --jig ./devices/jig.yaml --on-pass label --label-printer labels/ --once',
    '<%= config.bin %> station run A1 --profile linux-shell --jig ./devices/jig.yaml --slots 1,2 --operator mia --once --json',
  ];

  static override args = { lot: Args.string({ required: true, description: 'Code or id.' }) };

  static override flags = {
    jig: Flags.string({ helpValue: 'FILE', required: true, summary: 'The slots and their ports.' }),
    ...lineFlags,
    slots: Flags.string({ helpValue: '1,2,…', summary: 'Only these slots of the jig.' }),
    limit: countFlag({ summary: 'End when N units have passed.' }),
    'max-attempts': countFlag({ default: 1, summary: 'For one device before it is taken out.' }),
    once: Flags.boolean({ summary: 'One device in each slot, then end.' }),
    'after-pass': Flags.string({
      helpValue: 'PROGRAM',
      multiple: true,
      multipleNonGreedy: true,
      summary:
        'Run PROGRAM for each verified unit, its facts as JSON on stdin; repeat for arguments.',
    }),
    'after-pass-timeout': countFlag({ default: 60, summary: 'Seconds that it may take.' }),
    log: Flags.string({
      helpValue: 'DIR',
      summary: 'Append what goes over each slot’s line to DIR/slot-N.log, secrets masked.',
    }),
    register: Flags.boolean({
      summary: 'Register each unit that passed; what a registry is away for waits.',
    }),
    ...registryContextFlags,
    ...passFlags,
    ...overwriteFlags,
    ...keyFlags,
  };

  protected override jsonIndent = 0;

  async run(): Promise<LineTally> {
    const { args, flags } = await this.parse(StationRun);
    return await runLine(this, lineChoices(args.lot, flags), flags);
  }
}
