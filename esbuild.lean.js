import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Lets the bundle hold of typebox what the sources use: its `Type` is one object of everything, the
 * parser of a type language too, and of its modules none says that it has no side effects. 142 kB on
 * the way of a command became 60.
 */
export const leanTypebox = {
  name: 'lean-typebox',
  setup(build) {
    const names = typeNames().join(', ');
    build.onResolve({ filter: /^typebox$/ }, ({ importer }) =>
      /[\\/]src[\\/]/.test(importer) ? { path: 'typebox', namespace: 'lean-typebox' } : undefined,
    );
    build.onLoad({ filter: /./, namespace: 'lean-typebox' }, () => ({
      contents: `import { ${names} } from 'typebox';\nexport const Type = { ${names} };`,
      resolveDir: import.meta.dirname,
    }));
    build.onResolve({ filter: /^(?:typebox|\.)/ }, async ({ path, pluginData, ...from }) => {
      const isTypebox = path.startsWith('typebox') || /[\\/]typebox[\\/]/.test(from.importer);
      if (!isTypebox || pluginData === 'pure') return undefined;
      const { importer, kind, resolveDir } = from;
      const found = await build.resolve(path, { importer, kind, resolveDir, pluginData: 'pure' });
      return { path: found.path, namespace: found.namespace, sideEffects: false };
    });
    // No schema here says `format`, for which typebox brings 25 kB of patterns.
    build.onResolve({ filter: /\/format\/index\.mjs$/ }, ({ path, importer }) =>
      importer.includes('typebox') ? { path, namespace: 'no-formats' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'no-formats' }, () => ({
      contents: `export const Format = { Test() { throw new Error('no formats'); } };`,
    }));
  },
};

/** The `…` of every `Type.…` in src/. */
function typeNames() {
  const sources = readdirSync('src', { recursive: true }).filter((name) => name.endsWith('.ts'));
  const texts = sources.map((name) => readFileSync(join('src', name), 'utf8'));
  const uses = texts.flatMap((text) => [...text.matchAll(/\bType\.([A-Z]\w*)/g)]);
  return [...new Set(uses.map(([, name]) => name))].sort();
}

/**
 * Takes node:crypto as CommonJS does, by reference: as an ES module each of its exports is read at
 * once, and on Node 24 `webcrypto` loads its implementation when it is read, 3 ms.
 */
export const leanCrypto = {
  name: 'lean-crypto',
  setup(build) {
    build.onResolve({ filter: /^(?:node:)?crypto$/ }, () => ({
      path: 'node:crypto',
      namespace: 'by-reference',
    }));
    build.onLoad({ filter: /./, namespace: 'by-reference' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}');`,
    }));
  },
};
