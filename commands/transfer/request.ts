import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { devicesFlag } from '../../src/cli/decide-command.ts';
import { traitFlags, traitsOf } from '../../src/cli/device-filter-flags.ts';
import { describeTransfer } from '../../src/cli/describe-transfer.ts';
import { rangeFlag } from '../../src/cli/flags.ts';
import { openRegistryFor, registryContextFlags } from '../../src/cli/registry-context-flags.ts';
import type { CountedTransfer } from '../../src/job/list-transfers.ts';
import { saidWhenInterrupted } from '../../src/job/interrupted-request.ts';
import { requestTransfer, secondsUntil } from '../../src/job/request-transfer.ts';

export default class TransferRequest extends BaseCommand {
  static override summary = 'Offer devices to another account';
  static override description =
    'The other account decides on all or some of them; until then they stay yours and can be withdrawn. Of a lot, what cannot be offered is left out and counted; of a list, it stops the request. A file has a serial, endpoint key or id a line, or is CSV with a header, or a manifest. An account with a standing approval for yours accepts at once.';

  static override examples = [
    '<%= config.bin %> transfer request A1 --to widgets',
    '<%= config.bin %> transfer request A1 --range 0-999 --to widgets --note "order 4711" --expires 14d',
    '<%= config.bin %> transfer request --serial-prefix ACME-A1-000002 --enrollment pending --to widgets',
    '<%= config.bin %> transfer request --devices pallet-7.txt --devices ACME-A1-00000007 --to widgets',
  ];

  static override args = { lot: Args.string({ description: 'Code or id.' }) };

  static override flags = {
    to: Flags.string({ required: true, helpValue: 'HANDLE', summary: 'The other account.' }),
    range: rangeFlag(),
    devices: devicesFlag('These instead of a lot: a file, - or a device; repeat for more.'),
    'include-planned': Flags.boolean({ summary: 'Devices that no line has reported, too.' }),
    note: Flags.string({ helpValue: 'TEXT', summary: 'For the other account.' }),
    expires: Flags.string({
      helpValue: 'DATE|14d',
      summary: 'When the offer ends; in 30 days unless given.',
    }),
    ...traitFlags,
    ...registryContextFlags,
  };

  async run(): Promise<CountedTransfer> {
    const { args, flags } = await this.parse(TransferRequest);
    const { to, note, range, devices, expires } = flags;
    const request = {
      ...{ to, includePlanned: flags['include-planned'] },
      ...(note !== undefined && { note }),
      ...(expires !== undefined && { expiresIn: secondsUntil(expires) }),
      offered: { lot: args.lot, range, devices, traits: traitsOf(flags) },
    };
    const { registry } = await openRegistryFor(this, flags);
    const { home, signal } = this;
    const { fleet } = registry;
    const transfer = await saidWhenInterrupted(
      requestTransfer(registry.transfers, request, { home, fleet, signal }),
      'The offer may have been made: `keyline transfer list` shows it.',
    );
    this.print(describeTransfer(transfer));
    return transfer;
  }
}
