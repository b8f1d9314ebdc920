// The plugin exports no command by name; the bundle takes them from their files.
import AutocompleteIndex from '../../node_modules/@oclif/plugin-autocomplete/lib/commands/autocomplete/index.js';

/** oclif's shell completion for bash, zsh and PowerShell. */
export default class Autocomplete extends AutocompleteIndex {
  static override summary = 'Set up completion in your shell';
  static override description =
    'Builds the completion cache and shows what to put in your profile.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> bash',
    '<%= config.bin %> <%= command.id %> --refresh-cache',
  ];
}
