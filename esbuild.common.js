import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';

const SHARE = 0.4;
/** Whatever this command loads is common: its start is measured, docs/performance.md. */
const SWIFT = 'commands/unit/show.ts';

/**
 * Puts the modules that many commands load into one chunk. Left alone, esbuild makes a chunk for
 * each set of entries that share something: 47 files for `unit show`, each a look-up, a read and a
 * compilation. `inputs` is the metafile's, of a draft of the same build.
 */
export function commonChunk(inputs) {
  const common = commonModules(inputs);
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
      build.onLoad({ filter: /[\\/](?:commands|hooks)[\\/].*\.ts$/ }, async ({ path }) => ({
        contents: `import 'keyline:common';\n${await readFile(path, 'utf8')}`,
        loader: 'ts',
      }));
      // What is imported only when it is needed is an entry too, by a module that stands for it: it
      // may be a common one itself.
      build.onResolve({ filter: /./ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (kind !== 'dynamic-import' || pluginData === 'late') return undefined;
        const options = { kind, importer, resolveDir, pluginData: 'late' };
        const found = await build.resolve(path, options);
        const isModule = inputs[relative(import.meta.dirname, found.path)]?.format === 'esm';
        return isModule ? { path: found.path, namespace: 'keyline-late' } : undefined;
      });
      build.onLoad({ filter: /./, namespace: 'keyline-late' }, ({ path }) => ({
        contents: `import 'keyline:common';\nexport * from ${JSON.stringify(path)};`,
        resolveDir: import.meta.dirname,
      }));
    },
  };
}

/** The project's modules that a good part of the commands load at their start; packages follow them. */
function commonModules(inputs) {
  const commands = Object.keys(inputs).filter((path) => path.startsWith('commands/'));
  const counts = new Map();
  for (const command of commands) {
    for (const path of closure(inputs, command)) counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  const swift = closure(inputs, SWIFT);
  return [...counts]
    .filter(([path, count]) => swift.has(path) || count >= commands.length * SHARE)
    .map(([path]) => path)
    .filter((path) => path.startsWith('src/'));
}

function closure(inputs, start, seen = new Set()) {
  if (seen.has(start) || !inputs[start]) return seen;
  seen.add(start);
  for (const { path, kind } of inputs[start].imports) {
    if (kind === 'import-statement') closure(inputs, path, seen);
  }
  return seen;
}
