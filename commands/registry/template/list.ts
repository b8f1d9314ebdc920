import { BaseCommand } from '../../../src/cli/base-command.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { table } from '../../../src/cli/table.ts';
import { outlineTemplate } from '../../../src/job/set-template.ts';
import type { TemplateOutline } from '../../../src/job/set-template.ts';

export default class RegistryTemplateList extends BaseCommand {
  static override summary = 'List what devices are configured with';

  static override examples = [
    '<%= config.bin %> registry template list',
    '<%= config.bin %> registry template list --json',
  ];

  static override flags = registryContextFlags;

  async run(): Promise<readonly TemplateOutline[]> {
    const { flags } = await this.parse(RegistryTemplateList);
    const { registry } = await openRegistryFor(this, flags);
    const templates = (await registry.templates.list()).map(outlineTemplate);
    this.print(
      templates.length === 0
        ? 'There is none: devices that were accepted wait for one.'
        : table(templates, [
            { title: 'template', value: ({ name }) => name },
            { title: 'version', value: ({ version }) => version, align: 'right' },
            { title: 'anchors', value: ({ trustAnchors }) => trustAnchors.length, align: 'right' },
            { title: 'values', value: ({ valueNames }) => valueNames.length, align: 'right' },
            { title: 'since', value: ({ createdAt }) => createdAt },
          ]),
    );
    return templates;
  }
}
