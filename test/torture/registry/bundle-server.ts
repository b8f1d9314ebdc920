import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Plugin } from 'esbuild';
import { bundleProgram } from '../bundle.ts';
import { BUGS } from './bugs.ts';
import type { Bug } from './bugs.ts';

const HERE = import.meta.dirname;
const ROOT = resolve(HERE, '../../..');
const MORTAL = { 'src/service/store/run-change.ts': join(HERE, 'mortal-change.ts') };

/**
 * Makes the server that is killed, and its worker, in `folder`; returns the path of its program. A defect
 * is a module of planted/ that stands in the place of the product's own, which it imports and changes.
 */
export async function bundleServer(folder: string, bug?: Bug): Promise<string> {
  const dist = join(folder, 'dist');
  mkdirSync(dist);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}\n');
  const program = join(dist, 'server.js');
  const plugins = [inPlaceOf(bug)];
  await Promise.all([
    bundleProgram(join(HERE, 'server-program.ts'), program, plugins),
    bundleProgram(
      join(ROOT, 'src/service/uploads/upload-worker.ts'),
      join(dist, 'upload-worker.js'),
      plugins,
    ),
  ]);
  return program;
}

/** Modules that stand in the place of others: each gets the next behind it, the last one the product's. */
function inPlaceOf(bug: Bug | undefined): Plugin {
  const chains = new Map<string, string[]>();
  const add = (original: string, path: string): void => {
    chains.set(original, [...(chains.get(original) ?? []), path]);
  };
  for (const [original, path] of Object.entries(MORTAL)) add(original, path);
  if (bug) {
    for (const original of BUGS[bug].replaces) add(original, join(HERE, 'planted', `${bug}.ts`));
  }
  return {
    name: 'modules-in-the-place-of-others',
    setup: (one) => {
      one.onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir, importer }) => {
        const target = resolve(resolveDir, path);
        const chain = chains.get(relative(ROOT, target));
        return chain && { path: chain[chain.indexOf(importer) + 1] ?? target };
      });
    },
  };
}
