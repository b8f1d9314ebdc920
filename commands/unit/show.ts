import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { outputFlags } from '../../src/cli/flags.ts';
import { openUnitOutput } from '../../src/cli/unit-output.ts';
import { findLot, openLot } from '../../src/job/open-lot.ts';
import { protectedFiles } from '../../src/job/protected-files.ts';
import { revealUnit } from '../../src/job/reveal-unit.ts';
import { findUnit, parseUnit, showUnit, UNIT_NAMES } from '../../src/job/show-unit.ts';
import type { UnitReport } from '../../src/job/show-unit.ts';

export default class UnitShow extends BaseCommand {
  static override summary = 'Show one unit of a lot';
  static override description =
    'UNIT is an endpoint key, an exact serial, else digits as an index. Secrets only with --reveal, which enters the unit in the allocation book; a terminal gets them with -o - only, and --json never.';

  static override examples = [
    '<%= config.bin %> unit show A1 7',
    '<%= config.bin %> unit show A1 7 --by index --json',
    '<%= config.bin %> unit show A1 8 --reveal --why "bench test" -o unit.txt',
  ];

  static override args = {
    lot: Args.string({ required: true, description: 'Code or id.' }),
    unit: Args.string({ required: true, description: 'Endpoint key, serial or index.' }),
  };

  static override flags = {
    by: Flags.option({ options: UNIT_NAMES, summary: 'What UNIT is, where two fit.' })(),
    reveal: Flags.boolean({ summary: 'Show its secrets too.' }),
    why: Flags.string({ helpValue: 'TEXT', summary: 'What the secrets are for.' }),
    again: Flags.string({ helpValue: 'REASON', summary: 'Reveal what left the lot before.' }),
    ...outputFlags,
    ...keyFlags,
  };

  async run(): Promise<UnitReport> {
    const { args, flags } = await this.parse(UnitShow);
    const { reveal, output, force, why, again } = flags;
    const stored = await findLot(this.home, args.lot);
    const reference = parseUnit(stored.lot, args.unit, flags.by);
    const credentials = commandCredentials(this, flags);
    await using open = await openLot(this.home, stored, credentials);
    for (const text of open.warnings) this.warning(text);
    const { signal } = this;
    await using out = await openUnitOutput(this, {
      ...{ reveal, path: output, force },
      inputs: protectedFiles(this.home, credentials),
    });
    const index = await findUnit(open, reference, signal);
    const unit = reveal
      ? await revealUnit(this.home, open, { index, why, again, signal })
      : await showUnit(open, index, { reveal, signal });
    return await out.write(unit);
  }
}
