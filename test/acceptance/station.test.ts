import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSimulator } from '../../src/device/simulator/simulator.ts';
import type { Simulator } from '../../src/device/simulator/simulator.ts';
import { loadProfile } from '../../src/job/check-device-file.ts';
import { ROOT, shell } from './cli.ts';
import { createWorkspace } from './workspace.ts';
import type { Workspace } from './workspace.ts';

interface Manifest {
  readonly commands: Record<string, { readonly examples?: readonly string[] }>;
}
const { commands } = JSON.parse(
  readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8'),
) as Manifest;

/** Those that need the devices of this folder. */
const examplesOf = (id: string): string[] =>
  (commands[id]?.examples ?? [])
    .filter((text) => text.includes('./devices/'))
    .map((text) => text.replaceAll('<%= config.bin %>', 'keyline'));

let workspace: Workspace;
let simulator: Simulator;

beforeAll(async () => {
  workspace = await createWorkspace();
  simulator = await createSimulator({
    profile: await loadProfile(join(ROOT, 'fixtures/profiles/linux-shell.yaml')),
    dir: join(workspace.path, 'devices'),
    count: 4,
  });
});
afterAll(async () => {
  await simulator.close();
  workspace[Symbol.dispose]();
});

describe('the examples that need devices', () => {
  // One after the other: a device is written before it is verified.
  it('work on simulated ones, and each device holds a credential of its own', async () => {
    const lines = ['profile:check', 'device:write', 'device:verify', 'station:run'].flatMap(
      examplesOf,
    );
    expect(lines.length).toBeGreaterThanOrEqual(7);
    for (const line of lines) {
      const ran = await shell(line, { cwd: workspace.path, env: workspace.env });
      expect({ line, code: ran.code, stderr: ran.stderr }).toEqual({ line, code: 0, stderr: '' });
    }
    const keys = simulator.memories().map(({ flash }) => Buffer.from(keyOf(flash)).toString());
    expect(new Set(keys).size).toBe(4);
    expect(keys.every((key) => key.startsWith('ek_'))).toBe(true);
  });

  it('fail with 6 for a device that fails, and 4 for a port that is not there', async () => {
    simulator.setFaults(1, [{ kind: 'blank-id' }]);
    const start = 'keyline device write A1 --profile linux-shell --port';
    const at = { cwd: workspace.path, env: workspace.env };
    const failed = await shell(`${start} ./devices/slot-1 --json`, at);
    expect(failed.code).toBe(6);
    expect(JSON.parse(failed.stdout)).toMatchObject({ result: { ok: false, code: 'blank-id' } });
    const missing = await shell(`${start} ./devices/slot-9 --json`, at);
    expect(missing.code).toBe(4);
    expect(JSON.parse(missing.stdout)).toMatchObject({ error: { code: 'port-missing' } });
  });
});

function keyOf(flash: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const [, bytes] = [...flash].find(([name]) => name.endsWith('/key')) ?? [];
  return bytes ?? new Uint8Array();
}
