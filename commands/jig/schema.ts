import { BaseCommand } from '../../src/cli/base-command.ts';
import { outputFlags } from '../../src/cli/flags.ts';
import { writeSchema } from '../../src/job/write-schema.ts';

export default class JigSchema extends BaseCommand {
  static override summary = 'Write the JSON Schema of jig files for an editor';
  static override description =
    'An editor that knows YAML completes and checks a file that begins with # yaml-language-server: $schema=FILE. Without -o the schema goes to standard output.';

  static override examples = [
    '<%= config.bin %> jig schema',
    '<%= config.bin %> jig schema -o keyline-jig.schema.json',
  ];

  static override flags = outputFlags;

  async run(): Promise<object> {
    const { flags } = await this.parse(JigSchema);
    const { output, force } = flags;
    // Under --json the schema is the result.
    const path = output ?? (this.jsonEnabled() ? undefined : '-');
    const schema = await writeSchema('jig', path === undefined ? undefined : { path, force });
    if (output !== undefined && output !== '-') this.print(`The schema is in ${output}.`);
    return schema;
  }
}
