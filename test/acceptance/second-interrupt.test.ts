import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSimulator } from '../../src/device/simulator/simulator.ts';
import type { Simulator } from '../../src/device/simulator/simulator.ts';
import { loadProfile } from '../../src/job/check-device-file.ts';
import { PROGRAM, ROOT } from './cli.ts';
import { createWorkspace } from './workspace.ts';
import type { Workspace } from './workspace.ts';

let workspace: Workspace;
let simulator: Simulator;
const at = (name: string): string => join(workspace.path, name);

beforeAll(async () => {
  workspace = await createWorkspace();
  simulator = await createSimulator({
    profile: await loadProfile(join(ROOT, 'fixtures/profiles/esp32-nvs.yaml')),
    dir: at('devices'),
    count: 1,
  });
}, 120_000);
afterAll(async () => {
  await simulator.close();
  workspace[Symbol.dispose]();
});

describe('a second Ctrl-C', { timeout: 120_000 }, () => {
  it('while a programmer writes ends all that it started, and leaves no image', async () => {
    mkdirSync(at('programs'));
    mkdirSync(at('images'));
    // Up to the first write the simulator's own; then it hangs as one that waits for its chip.
    const real = join(simulator.programsPath ?? '', 'esptool');
    const script = `#!/bin/sh
case "$*" in
  *write_flash*) trap '' TERM INT; sleep 300 & echo $! > child.pid; ls images/*/* > seen; wait; wait;;
  *) exec ${real} "$@";;
esac
`;
    writeFileSync(at('programs/esptool'), script, { mode: 0o755 });
    const writer = start();
    // The shell's redirection makes the file before its content.
    await until(() => read('seen').endsWith('\n'));
    expect(read('seen')).toContain('image.');
    const child = Number(read('child.pid'));
    expect(isRunning(child)).toBe(true);
    // The first lets the unit in hand finish; one after it ends the process.
    await until(() => {
      writer.kill('SIGINT');
      return writer.exitCode !== null;
    });
    expect(writer.exitCode).toBe(130);
    await until(() => !isRunning(child));
    expect(readdirSync(at('images'))).toEqual([]);
  });
});

function start(): ChildProcess {
  const argv = ['device', 'write', 'A1', '--profile', 'esp32-nvs', '--port', './devices/slot-1'];
  const { PATH = '', HOME = '' } = process.env;
  const env = { HOME, ...workspace.env, TMPDIR: at('images'), PATH: `${at('programs')}:${PATH}` };
  return spawn(process.execPath, [PROGRAM, ...argv], {
    ...{ cwd: workspace.path, env, stdio: 'ignore' },
  });
}

function read(name: string): string {
  try {
    return readFileSync(at(name), 'utf8');
  } catch {
    return '';
  }
}

/** As often as the event loop turns; the test's own deadline is the limit. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** A process that has ended and whose parent has not asked yet is not running. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
