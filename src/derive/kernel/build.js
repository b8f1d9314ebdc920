// Builds dist/kernel.wasm. Plain JavaScript, because a TypeScript loader in front of the compiler's
// ten megabytes takes longer than the compilation.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import asc from 'assemblyscript/asc';
import { buildSync } from 'esbuild';

const HERE = import.meta.dirname;
/** As assembly/layout.ts divides them: up to the end of ROWS, and what a vector may write past a row. */
const MEMORY_PAGES = '67';

const output = join(HERE, '../../../dist/kernel.wasm');
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, await compile(await compressions()));

/** AssemblyScript text of the compression functions, which exist in no file. */
async function compressions() {
  const { outputFiles } = buildSync({
    entryPoints: [join(HERE, 'patterns.ts')],
    bundle: true,
    format: 'esm',
    write: false,
  });
  const url = `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`;
  const { compressionText } = await import(url);
  return compressionText();
}

/** The module's bytes. */
async function compile(compressionText) {
  const options = ['-O3', '--runtime', 'stub', '--noAssert', '--use', 'abort=', '--enable', 'simd'];
  options.push('--initialMemory', MEMORY_PAGES, '--maximumMemory', MEMORY_PAGES);
  let binary;
  let messages = '';
  const { error } = await asc.main(['index.ts', '--outFile', 'kernel.wasm', ...options], {
    readFile: (name) => {
      if (name === 'compress.ts') return compressionText;
      const path = join(HERE, 'assembly', name);
      return existsSync(path) ? readFileSync(path, 'utf8') : null;
    },
    writeFile: (name, contents) => {
      binary = contents;
    },
    listFiles: () => null,
    stderr: {
      write: (text) => {
        messages += text;
      },
    },
  });
  if (error) throw new Error(messages.slice(0, 4000));
  return binary;
}
