import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Plugin } from '@oclif/core';
import type { Interfaces } from '@oclif/core';

/** oclif's options for running commands and hooks from their TypeScript sources, without the manifest. */
export async function sourceOptions(url: string): Promise<Interfaces.LoadOptions> {
  const root = fileURLToPath(new URL('..', url));
  const pjson = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as Interfaces.PJSON;
  const oclif = {
    ...pjson.oclif,
    commands: './commands',
    hooks: { command_not_found: './src/cli/hooks/command-not-found.ts' },
  };
  const plugin = new Plugin({
    root,
    pjson: { ...pjson, oclif },
    isRoot: true,
    name: pjson.name,
    ignoreManifest: true,
  });
  await plugin.load();
  return { root, plugins: [plugin] as unknown as Map<string, Interfaces.Plugin> };
}
