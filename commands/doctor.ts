import { Flags } from '@oclif/core';
import { BaseCommand } from '../src/cli/base-command.ts';
import { table } from '../src/cli/table.ts';
import { examine } from '../src/job/doctor.ts';
import type { Finding } from '../src/job/doctor.ts';
import { systemClock } from '../src/kernel/clock.ts';

export default class Doctor extends BaseCommand {
  static override summary = 'Check what works on this machine';
  static override description =
    'Node, SIMD, worker threads, PKCS#11, the permissions of KEYLINE_HOME and the clock, and how to mend what does not work. Changes nothing.';

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];

  static override flags = {
    module: Flags.string({ helpValue: 'FILE', summary: 'The PKCS#11 module that you use.' }),
  };

  async run(): Promise<{ findings: Finding[] }> {
    const { flags } = await this.parse(Doctor);
    const findings = await examine(this.home, {
      clock: systemClock,
      nodeVersion: process.versions.node,
      load: (name) => import(name),
      pkcs11Module: flags.module,
    });
    this.print(
      table(findings, [
        { title: 'what', value: ({ name }) => name },
        { title: 'state', value: ({ state }) => state },
        { title: 'found', value: ({ says }) => says },
      ]),
    );
    for (const { name, mend } of findings) if (mend) this.print(`\n${name}: ${mend}`);
    return { findings };
  }
}
