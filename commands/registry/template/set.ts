import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../../src/cli/base-command.ts';
import { countFlag, yesFlag } from '../../../src/cli/flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { facts } from '../../../src/cli/table.ts';
import { outlineTemplate, planTemplate, setTemplate } from '../../../src/job/set-template.ts';
import type { TemplateOutline, TemplatePlan } from '../../../src/job/set-template.ts';
import { readTemplateFile } from '../../../src/job/template-file.ts';

interface Set extends TemplatePlan {
  readonly dryRun: boolean;
  readonly template?: TemplateOutline;
}

export default class RegistryTemplateSet extends BaseCommand {
  static override summary = 'Say what devices are configured with';
  static override description =
    'For devices of one model, or as `default` for all others. FILE is YAML or JSON: `values`, whose texts may have {serial}, {endpointKey}, {deviceId}, {lotId}, {lotIndex} and {provisioningKey} in them, and `trustAnchors`. Versions only go up; devices get the new one when they check in.';

  static override examples = [
    '<%= config.bin %> registry template set default default.yaml --yes',
    '<%= config.bin %> registry template set AX-200 default.yaml --after 0 --yes',
    '<%= config.bin %> registry template set default default.yaml --dry-run',
  ];

  static override args = {
    name: Args.string({ required: true, description: 'A device model, or default.' }),
    file: Args.string({ required: true, description: 'YAML or JSON; - is standard input.' }),
  };

  static override flags = {
    after: countFlag({ min: 0, summary: 'Only where the newest version is N; 0 for a new one.' }),
    'dry-run': Flags.boolean({ summary: 'Only say what would change.', default: false }),
    yes: yesFlag,
    ...registryContextFlags,
  };

  async run(): Promise<Set> {
    const { args, flags } = await this.parse(RegistryTemplateSet);
    const { 'dry-run': dryRun, after } = flags;
    const content = await readTemplateFile(args.file);
    const { templates } = (await openRegistryFor(this, flags)).registry;
    const plan = await planTemplate(templates, args.name, { content, after });
    const names = ([...list]: readonly string[]) => list.join(', ') || undefined;
    const changes = facts([
      ['template', args.name],
      ['version', plan.isUnchanged ? `${plan.after}, as before` : plan.after + 1],
      ['added', names(plan.added)],
      ['changed', names(plan.changed)],
      ['removed', names(plan.removed)],
    ]);
    this.print(changes);
    if (dryRun || plan.isUnchanged) return { dryRun, ...plan };
    await this.confirm(`Configure devices by version ${plan.after + 1} from now on?`, flags.yes);
    const template = await setTemplate(templates, plan, content);
    return { dryRun, ...plan, template: outlineTemplate(template) };
  }
}
