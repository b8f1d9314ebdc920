import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, shell } from './cli.ts';
import { createWorkspace } from './workspace.ts';
import type { Workspace } from './workspace.ts';

interface Manifest {
  readonly commands: Record<string, { readonly examples?: readonly string[] }>;
}

/** Examples that make what a prepared home has already. */
const IN_EMPTY_HOME = ['key create', 'key import', 'station init'];

const { commands } = JSON.parse(
  readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8'),
) as Manifest;

const examples = Object.entries(commands).flatMap(([id, { examples = [] }]) =>
  examples.map((text) =>
    text
      .replaceAll('<%= config.bin %>', 'keyline')
      .replaceAll('<%= command.id %>', id.replaceAll(':', ' ')),
  ),
);

describe('every example of the help', () => {
  let prepared: Workspace;
  beforeAll(async () => {
    prepared = await createWorkspace();
  });
  afterAll(() => {
    prepared[Symbol.dispose]();
  });

  it.concurrent.each(examples)('%s', async (line) => {
    const isEmpty = IN_EMPTY_HOME.some((start) => line.startsWith(`keyline ${start}`));
    using workspace = prepared.copy({ home: !isEmpty });
    const [, output] = / -o ([\w.]+)$/.exec(line) ?? [];
    if (output !== undefined) rmSync(join(workspace.path, output), { force: true });
    const { code, stderr } = await shell(line, at(workspace));
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  });
});

function at({ path, env }: Workspace): { cwd: string; env: Record<string, string> } {
  return { cwd: path, env: { ...env, XDG_CACHE_HOME: join(path, 'cache') } };
}
