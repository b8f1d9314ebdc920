import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What a worker thread is started from. */
export interface WorkerLocation {
  readonly url: URL;
  readonly execArgv: string[];
}

/**
 * Where a worker's entry is: dist/NAME.js above this file, as it is a chunk of the bundle; or, from
 * source, `source` from the root of the sources.
 */
export function workerLocation(
  name = 'worker',
  source: `${string}worker.ts` = 'derive/worker.ts',
): WorkerLocation {
  if (import.meta.filename.endsWith('.ts')) {
    return fromSource(join(import.meta.dirname, '..', source));
  }
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const path = join(folder, 'dist', `${name}.js`);
    // Nothing of this process's own flags is meant for its workers.
    if (existsSync(path)) return { url: pathToFileURL(path), execArgv: [] };
    if (folder === dirname(folder)) throw new Error(`dist/${name}.js is missing`);
  }
}

/** Threads do not inherit a loader, so that a line of JavaScript registers tsx, which the tests have. */
function fromSource(worker: string): WorkerLocation {
  // The `require` condition finds the CommonJS twin, whose own paths are wrong in a thread.
  const tsx = createRequire(import.meta.url)
    .resolve('tsx/esm/api')
    .replace(/cjs$/, 'mjs');
  const entry = [
    `import { register } from ${urlText(tsx)};`,
    'register();',
    `await import(${urlText(worker)});`,
  ].join('\n');
  return { url: new URL(`data:text/javascript,${encodeURIComponent(entry)}`), execArgv: [] };
}

function urlText(path: string): string {
  return JSON.stringify(pathToFileURL(path).href);
}
