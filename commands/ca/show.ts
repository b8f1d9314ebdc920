import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { describeCa } from '../../src/cli/describe-ca.ts';
import { showCa } from '../../src/job/ca.ts';
import type { CaCard } from '../../src/job/ca-card.ts';

export default class CaShow extends BaseCommand {
  static override summary = 'Show a root and its certificate';

  static override examples = [
    '<%= config.bin %> ca show acme',
    '<%= config.bin %> ca show acme --pem',
  ];

  static override args = {
    name: Args.string({ required: true, description: "The root's name on this machine." }),
  };

  static override flags = {
    pem: Flags.boolean({ summary: 'Print nothing but its certificates, PEM.' }),
  };

  async run(): Promise<CaCard & { readonly pem: string }> {
    const { args, flags } = await this.parse(CaShow);
    const { card, pem } = await showCa(this.home, args.name);
    this.print(flags.pem ? pem.trimEnd() : describeCa(card));
    return { ...card, pem };
  }
}
