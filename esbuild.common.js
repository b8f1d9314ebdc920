import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';

const SHARE = 0.25;

/**
 * Puts the modules that many commands load into one chunk. Left alone, esbuild makes a chunk for
 * each set of entries that share something: 47 files for `unit show`, each a look-up, a read and a
 * compilation. `inputs` is the metafile's, of a draft of the same build.
 */
export function commonChunk(inputs) {
  const common = commonModules(inputs);
  const entries = new Set([...commandsOf(inputs), ...lateEntries(inputs)]);
  for (const path of common) entries.delete(path);
  return {
    name: 'common-chunk',
    setup(build) {
      build.onResolve({ filter: /^keyline:common$/ }, () => ({
        path: 'common',
        namespace: 'keyline-common',
      }));
      build.onLoad({ filter: /.*/, namespace: 'keyline-common' }, () => ({
        contents: common.map((path) => `import './${path}';`).join('\n'),
        resolveDir: import.meta.dirname,
      }));
      // Whoever is an entry reaches all of it; so its modules have one set of entries. But main.ts,
      // on whose way `--version` is: what it loads is a chunk of its own.
      build.onLoad({ filter: /\.(?:ts|js|mjs)$/ }, async ({ path }) => {
        if (!entries.has(relative(import.meta.dirname, path))) return undefined;
        return {
          contents: `import 'keyline:common';\n${await readFile(path, 'utf8')}`,
          loader: path.endsWith('.ts') ? 'ts' : 'js',
        };
      });
    },
  };
}

function commandsOf(inputs) {
  return Object.keys(inputs).filter((path) => path.startsWith('commands/'));
}

/** ES modules that a good part of the commands load at their start; CommonJS would run at once. */
function commonModules(inputs) {
  const commands = commandsOf(inputs);
  const counts = new Map();
  for (const command of commands) {
    for (const path of closure(inputs, command)) counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  return [...counts]
    .filter(([path, count]) => count >= commands.length * SHARE && inputs[path].format === 'esm')
    .map(([path]) => path)
    .filter((path) => !path.includes(':') && !path.startsWith('commands/'));
}

function closure(inputs, start, seen = new Set()) {
  if (seen.has(start) || !inputs[start]) return seen;
  seen.add(start);
  for (const { path, kind } of inputs[start].imports) {
    if (kind === 'import-statement') closure(inputs, path, seen);
  }
  return seen;
}

/** What is imported only when it is needed is an entry of its own. */
function lateEntries(inputs) {
  return Object.values(inputs)
    .flatMap(({ imports }) => imports)
    .filter(({ path, kind }) => kind === 'dynamic-import' && inputs[path]?.format === 'esm')
    .map(({ path }) => path);
}
