import type { ImageSection, ProgrammerStep } from '../drivers/image-section.ts';

/** What a profile has its programmer do, as a command line shows it. */
export interface ProgrammerRole {
  readonly kind: 'identify' | 'model' | 'capture' | 'inspect' | 'write' | 'verify';
  readonly step: ProgrammerStep;
  /** What stood in the place of `{port}`, `{image}`, `{readback}` … */
  readonly places: ReadonlyMap<string, string>;
}

/** The step of the profile that a command line was made from; `argv` begins with the program's name. */
export function roleOf(section: ImageSection, argv: readonly string[]): ProgrammerRole | undefined {
  for (const [kind, step] of stepsOf(section)) {
    const places = placesIn(step.argv, argv);
    if (places) return { kind, step, places };
  }
  return undefined;
}

/** Names of the programs that the profile runs, without folders. */
export function programsOf(section: ImageSection): string[] {
  return [...new Set(stepsOf(section).map(([, { argv }]) => nameOf(argv[0] ?? '')))];
}

function stepsOf(section: ImageSection): [ProgrammerRole['kind'], ProgrammerStep][] {
  const { identify, model, captures = {}, inspect, write, verify } = section;
  const steps: [ProgrammerRole['kind'], ProgrammerStep | undefined][] = [
    ['identify', identify],
    ['model', model],
    ...Object.values(captures).map((step): ['capture', ProgrammerStep] => ['capture', step]),
    ['inspect', inspect],
    ...write.map((step): ['write', ProgrammerStep] => ['write', step]),
    ...verify.map((step): ['verify', ProgrammerStep] => ['verify', step]),
  ];
  return steps.flatMap(([kind, step]) => (step ? [[kind, step]] : []));
}

function placesIn(
  templates: readonly string[],
  argv: readonly string[],
): ReadonlyMap<string, string> | undefined {
  if (templates.length !== argv.length) return undefined;
  const places = new Map<string, string>();
  for (const [at, template] of templates.entries()) {
    const text = argv[at] ?? '';
    if (at === 0) {
      if (nameOf(template) !== nameOf(text)) return undefined;
      continue;
    }
    const found = patternOf(template).exec(text);
    if (!found) return undefined;
    for (const [name, value] of Object.entries(found.groups ?? {})) places.set(name, value);
  }
  return places;
}

function patternOf(template: string): RegExp {
  const source = template
    .split(/(\{[a-z]+\})/)
    .map((part) =>
      /^\{[a-z]+\}$/.test(part)
        ? `(?<${part.slice(1, -1)}>.*)`
        : part.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`),
    )
    .join('');
  return new RegExp(`^${source}$`, 's');
}

function nameOf(program: string): string {
  return program.replace(/^.*[\\/]/, '').replace(/\.exe$/i, '');
}
