import CreateCompletion from '../../node_modules/@oclif/plugin-autocomplete/lib/commands/autocomplete/create.js';

/** Writes the completion scripts; `autocomplete` runs it. */
export default class Create extends CreateCompletion {
  static override summary = 'Write the completion scripts';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> autocomplete --refresh-cache',
  ];
}
