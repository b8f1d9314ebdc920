import { join } from 'node:path';
import { build } from 'esbuild';
import type { Plugin } from 'esbuild';

/** Native packages stay where they are; all else is one file, which starts in a tenth of the time. */
const OUTSIDE = ['@photostructure/sqlite', '@lydell/node-pty', 'serialport', 'pkcs11js'];

// The CommonJS inside the bundle looks for these.
const BANNER = `
import { createRequire as tortureRequire } from 'node:module';
const require = tortureRequire(import.meta.url);
`;

const OUTSIDE_STAYS: Plugin = {
  name: 'native-packages-stay-where-they-are',
  setup: (one) => {
    one.onResolve({ filter: /^[@a-z]/ }, ({ path, kind }) => {
      if (kind === 'entry-point' || !OUTSIDE.includes(path)) return undefined;
      return { path: resolved(path), external: true };
    });
  },
};

/** Makes the program of the station that is killed, in `folder`; returns its path. */
export async function bundleStation(folder: string): Promise<string> {
  const outfile = join(folder, 'station.mjs');
  await bundleProgram(join(import.meta.dirname, 'station-program.ts'), outfile);
  return outfile;
}

/** Makes one file of a program and all that it imports; plugins may put other modules in their places. */
export async function bundleProgram(
  entry: string,
  outfile: string,
  plugins: readonly Plugin[] = [],
): Promise<void> {
  await build({
    entryPoints: [entry],
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node20.19', outfile },
    ...{ banner: { js: BANNER }, minify: true, logLevel: 'error' },
    plugins: [...plugins, OUTSIDE_STAYS],
  });
}

/** The file of a package, or its name where it is not installed. */
function resolved(path: string): string {
  try {
    return new URL(import.meta.resolve(path)).pathname;
  } catch {
    return path;
  }
}
