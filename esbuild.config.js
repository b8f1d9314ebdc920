import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Plugin } from '@oclif/core';
import { build } from 'esbuild';
import { commonChunk } from './esbuild.common.js';
import { leanCrypto, leanTypebox } from './esbuild.lean.js';
import { leanOclif } from './esbuild.oclif.js';

/** Files under `folder` whose name ends so, as paths from the root. */
function filesUnder(folder, ends) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith(ends) && !path.endsWith('.d.ts'));
}

/** dist path without extension → source. */
function commandEntries() {
  const entries = { main: 'src/cli/main.ts' };
  for (const path of filesUnder('commands', '.ts')) entries[path.slice(0, -3)] = path;
  for (const path of filesUnder('src/cli/hooks', '.ts')) entries[`hooks/${stem(path)}`] = path;
  return entries;
}

function workerEntries() {
  const entries = {};
  for (const path of filesUnder('src', 'worker.ts')) {
    if (entries[stem(path)]) throw new Error(`two workers are named ${stem(path)}`);
    entries[stem(path)] = path;
  }
  return entries;
}

function stem(path) {
  return basename(path, '.ts');
}

/** Removes what an earlier build left; types/ and the kernel have builds of their own. */
function removeStale(outputs) {
  for (const path of filesUnder('dist', '.js')) {
    if (!path.startsWith(join('dist', 'types')) && !outputs.includes(path)) rmSync(path);
  }
}

/** Writes oclif.manifest.json, from which oclif knows the commands without loading them. */
async function writeManifest() {
  const root = import.meta.dirname;
  const plugin = new Plugin({ root, ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  writeFileSync('oclif.manifest.json', `${JSON.stringify(plugin.manifest)}\n`);
}

/** dist/LICENSES.txt: the notices of every package of which the bundle holds a part. */
function writeLicenses(inputs) {
  const files = inputs.filter((path) => !path.includes(':')); // the others are plugins' own
  const folders = files.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  const texts = [...new Set(folders.filter(Boolean))].sort().map((folder) => {
    const { name, version, license } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    );
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  writeFileSync('dist/LICENSES.txt', texts.join(`\n${'-'.repeat(72)}\n\n`));
}

// The CommonJS inside the bundle (oclif above all) looks for these.
const COMMONJS_NAMES = `
import { createRequire as keylineCreateRequire } from 'node:module';
import { fileURLToPath as keylineFileUrlToPath } from 'node:url';
const require = keylineCreateRequire(import.meta.url);
const __filename = keylineFileUrlToPath(import.meta.url);
const __dirname = keylineFileUrlToPath(new URL('.', import.meta.url));
`;

const OPTIONS = {
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  minify: true,
  legalComments: 'none',
  external: ['typescript', 'pkcs11js', 'serialport', '@photostructure/sqlite', '@lydell/node-pty'],
  banner: { js: COMMONJS_NAMES },
  metafile: true,
  logLevel: 'warning',
};

const commands = { ...OPTIONS, splitting: true, entryPoints: commandEntries() };
const lean = [leanOclif, leanTypebox, leanCrypto];
const draft = await build({ ...commands, plugins: lean, write: false });
const results = await Promise.all([
  build({ ...commands, plugins: [...lean, commonChunk(draft.metafile.inputs)] }),
  build({ ...OPTIONS, splitting: true, entryPoints: { index: 'src/index.ts' } }),
  // One file each, because a thread that is started waits for every file that it reads.
  build({ ...OPTIONS, splitting: false, entryPoints: workerEntries() }),
]);
const outputs = Object.assign({}, ...results.map(({ metafile }) => metafile.outputs));
removeStale(Object.keys(outputs));
writeLicenses(results.flatMap(({ metafile }) => Object.keys(metafile.inputs)));
if (process.argv.includes('--metafile')) {
  writeFileSync('dist/metafile.json', JSON.stringify({ outputs }));
}
await writeManifest();
