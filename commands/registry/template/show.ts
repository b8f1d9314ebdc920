import { Args } from '@oclif/core';
import { BaseCommand } from '../../../src/cli/base-command.ts';
import { outputFlags } from '../../../src/cli/flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { outlineTemplate } from '../../../src/job/set-template.ts';
import type { RegistryTemplate, TemplateOutline } from '../../../src/job/set-template.ts';
import { templateFile, writeTemplateFile } from '../../../src/job/template-file.ts';

export default class RegistryTemplateShow extends BaseCommand {
  static override summary = 'Show a configuration template, or write it out';
  static override description =
    'As YAML, which `registry template set` reads: write it out, edit it, set it.';

  static override examples = [
    '<%= config.bin %> registry template show default',
    '<%= config.bin %> registry template show default -o default.yaml --force',
  ];

  static override args = {
    name: Args.string({ required: true, description: 'A device model, or default.' }),
  };

  static override flags = { ...outputFlags, ...registryContextFlags };

  async run(): Promise<RegistryTemplate | (TemplateOutline & { readonly output: string })> {
    const { args, flags } = await this.parse(RegistryTemplateShow);
    const { registry } = await openRegistryFor(this, flags);
    const template = await registry.templates.show(args.name);
    const { output: path, force } = flags;
    if (path === undefined || path === '-') {
      this.print(templateFile(template).trimEnd());
      return template;
    }
    await writeTemplateFile(template, { path, force }, { home: this.home, signal: this.signal });
    this.print(`Version ${template.version} of ${template.name} is in ${path}.`);
    return { ...outlineTemplate(template), output: path };
  }
}
