import { BaseCommand } from '../src/cli/base-command.ts';

/** What works on this machine. */
export default class Doctor extends BaseCommand {
  static override summary = 'Check what works on this machine.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<object> {
    await this.parse(Doctor);
    this.print('ok');
    return {};
  }
}
