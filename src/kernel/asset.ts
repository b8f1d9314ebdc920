/**
 * Where the build puts a file of its own (`worker.js`, `kernel.wasm`): in dist/, seen from the
 * bundle and from the sources alike.
 */
export function assetUrl(name: string): URL {
  // The last dist/ or src/ of the path is ours, wherever the package was installed.
  const root = import.meta.url.replace(/^(.*)\/(?:dist|src)\/.*$/, '$1');
  return new URL(`${root}/dist/${name}`);
}
