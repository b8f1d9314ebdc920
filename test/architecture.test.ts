import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CATALOG } from '../src/kernel/error-catalog.ts';

const ROOT = resolve(import.meta.dirname, '..');

const BELOW_JOB: readonly string[] = [
  ...['keystore', 'home', 'seals', 'derive', 'manifest', 'formats', 'device', 'custody'],
  ...['label', 'ledger', 'registry', 'model', 'kernel'],
];

/** What each room may use beside itself; docs/architecture.md draws it. */
const ROOMS: Record<string, readonly string[]> = {
  kernel: [],
  model: ['kernel'],
  seals: ['model', 'kernel'],
  home: ['seals', 'model', 'kernel'],
  keystore: ['home', 'seals', 'model', 'kernel'],
  derive: ['model', 'kernel'],
  manifest: ['formats', 'seals', 'model', 'kernel'],
  formats: ['model', 'kernel'],
  device: ['formats', 'custody', 'model', 'kernel'],
  custody: ['model', 'kernel'],
  label: ['model', 'kernel'],
  ledger: ['seals', 'model', 'kernel'],
  registry: ['model', 'kernel'],
  service: ['registry', 'custody', 'manifest', 'seals', 'model', 'kernel'],
  job: BELOW_JOB,
  cli: [...BELOW_JOB, 'job'],
  commands: ['cli', 'job', 'model', 'kernel'],
};

interface Source {
  readonly path: string;
  readonly room: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const SOURCES: readonly Source[] = ['src', 'commands'].flatMap((top) =>
  readdirSync(join(ROOT, top), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .filter((name) => !name.includes('assembly'))
    .map((name) => readSource(join(top, name))),
);

function readSource(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const found = text.matchAll(/(?:from|import\(|^import)\s*'(\.[^']+)'/gm);
  const imports = [...found]
    .map(([, target = '']) => relative(ROOT, resolve(ROOT, dirname(path), target)))
    .filter((target) => !target.startsWith('node_modules'));
  return { path, room: roomOf(path), text, imports };
}

function roomOf(path: string): string {
  const [top = '', second = ''] = path.split('/');
  if (top === 'commands') return 'commands';
  return second.endsWith('.ts') ? 'library' : second;
}

describe('the rooms', () => {
  it('import only along the edges of docs/architecture.md', () => {
    const trespasses = SOURCES.filter(({ room }) => room !== 'library').flatMap(
      ({ path, room, imports }) =>
        imports
          .filter((target) => roomOf(target) !== room && !ROOMS[room]?.includes(roomOf(target)))
          // The service is composed there, and nowhere else.
          .filter(
            (target) => !(path.startsWith('commands/registry/') && roomOf(target) === 'service'),
          )
          .map((target) => `${path} → ${target}`),
    );
    expect(trespasses).toEqual([]);
  });

  it('have no cycles of modules that run', () => {
    const graph = new Map(SOURCES.map((source) => [source.path, runtimeImports(source)]));
    expect(cyclesOf(graph)).toEqual([]);
  });

  it('keep one idea a file, at most 300 lines', () => {
    const long = SOURCES.filter(({ text }) => text.split('\n').length > 300);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  it('export by name everywhere but in commands', () => {
    const defaults = SOURCES.filter(({ room }) => room !== 'commands').filter(({ text }) =>
      /^export default/m.test(text),
    );
    expect(defaults.map(({ path }) => path)).toEqual([]);
  });
});

function runtimeImports({ text, path }: Source): string[] {
  return [...text.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from\s*'(\.[^']+)'/gm)].map(
    ([, target = '']) => relative(ROOT, resolve(ROOT, dirname(path), target)),
  );
}

function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at !== -1) cycles.push([...trail.slice(at), path]);
    if (at !== -1 || done.has(path)) return;
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return cycles;
}

describe('every command', () => {
  const commands = SOURCES.filter(({ room }) => room === 'commands');

  it.each(commands.map(({ path, text }) => [path, text]))(
    '%s has a default export, a short summary, examples and few lines',
    async (path, text) => {
      const { default: Command } = (await import(join(ROOT, path))) as {
        default: { summary?: string; examples?: string[]; run: unknown };
      };
      expect(Command.run).toBeTypeOf('function');
      expect(Command.summary?.length).toBeGreaterThan(5);
      expect(Command.summary?.length).toBeLessThanOrEqual(60);
      expect(Command.examples?.length).toBeGreaterThanOrEqual(2);
      expect(Command.examples?.length).toBeLessThanOrEqual(4);
      expect(text.split('\n').length).toBeLessThanOrEqual(75);
    },
  );
});

describe('every error', () => {
  const codes = Object.keys(ERROR_CATALOG);
  const catalog = ['error-catalog', 'registry-errors', 'return-errors'].map(
    (name) => `src/kernel/${name}.ts`,
  );
  const outside = SOURCES.filter(({ path }) => !catalog.includes(path));
  const code = outside.map(({ text }) => text).join('\n');

  it('is thrown somewhere', () => {
    expect(codes.filter((name) => !code.includes(`'${name}'`))).toEqual([]);
  });

  it('has a hint that is a sentence', () => {
    const hints = Object.values(ERROR_CATALOG).map(({ hint }) => hint);
    expect(hints.filter((hint) => hint.length < 10 || !hint.endsWith('.'))).toEqual([]);
  });

  it('is explained in docs/errors.md, with its exit code, and nothing else is', () => {
    const documented = [
      ...readFileSync(join(ROOT, 'docs/errors.md'), 'utf8').matchAll(
        /^\| `([a-z0-9-]+)` \| (\d+) \|/gm,
      ),
    ].map(([, name, exit]) => `${name ?? ''} ${exit ?? ''}`);
    const expected = Object.entries(ERROR_CATALOG).map(([name, { exit }]) => `${name} ${exit}`);
    expect(documented.toSorted()).toEqual(expected.toSorted());
  });
});
