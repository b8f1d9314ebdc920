import { commands } from '@oclif/plugin-help';

/** oclif's help as a command. */
export default class Help extends commands.help {
  static override summary = 'Show help for a command';
  static override description = 'The same as --help after the command.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> lot create',
    '<%= config.bin %> <%= command.id %> --nested-commands',
  ];
}
