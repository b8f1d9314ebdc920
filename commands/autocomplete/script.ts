import CompletionScript from '../../node_modules/@oclif/plugin-autocomplete/lib/commands/autocomplete/script.js';

/** Prints the line for a shell profile. */
export default class Script extends CompletionScript {
  static override summary = 'Print the line for your shell profile';
  static override examples = [
    '<%= config.bin %> <%= command.id %> bash',
    '<%= config.bin %> <%= command.id %> zsh',
  ];
}
