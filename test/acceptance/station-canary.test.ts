import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSimulator } from '../../src/device/simulator/simulator.ts';
import type { Simulator } from '../../src/device/simulator/simulator.ts';
import { loadProfile } from '../../src/job/check-device-file.ts';
import type { LotId } from '../../src/model/ids.ts';
import { canariesOf, findLeaks } from './canary.ts';
import type { Canary } from './canary.ts';
import { ROOT, shell } from './cli.ts';
import { createWorkspace } from './workspace.ts';
import type { Workspace } from './workspace.ts';

const TIMEOUT_MS = 180_000;

let workspace: Workspace;
let consoles: Simulator;
let boards: Simulator;
let programs: string;
let canaries: Canary[];

beforeAll(async () => {
  workspace = await createWorkspace();
  const simulate = async (profile: string, count: number) =>
    createSimulator({
      profile: await loadProfile(join(ROOT, `fixtures/profiles/${profile}.yaml`)),
      ...{ dir: join(workspace.path, profile), count },
    });
  consoles = await simulate('linux-shell', 3);
  boards = await simulate('esp32-nvs', 1);
  programs = watchedPrograms(boards.programsPath ?? '');
  const { stdout } = await run('keyline lot show A1 --json');
  const { lotId } = (JSON.parse(stdout) as { result: { lot: { lotId: LotId } } }).result.lot;
  const identity = readFileSync(join(workspace.path, 'identity'), 'utf8').trim();
  canaries = await canariesOf(lotId, identity);
}, TIMEOUT_MS);
afterAll(async () => {
  await consoles.close();
  await boards.close();
  workspace[Symbol.dispose]();
});

describe('the station’s commands', () => {
  const lines = [
    'keyline device write A1 --profile linux-shell --port ./linux-shell/slot-1 --log wire.log',
    'keyline device verify A1 --profile linux-shell --port ./linux-shell/slot-1 --log wire.log --json',
    'keyline device write A1 --profile esp32-nvs --port $PWD/esp32-nvs/slot-1 --log wire.log',
    'keyline device verify A1 --profile esp32-nvs --port $PWD/esp32-nvs/slot-1 --json',
    'keyline station run A1 --profile linux-shell --jig linux-shell/jig.yaml --once --after-pass tee --after-pass hook.json',
    'keyline station run A1 --profile linux-shell --jig linux-shell/jig.yaml --once --json',
    'keyline device simulate --profile linux-shell --dir more --for 1',
    'keyline ledger export -o events.ndjson',
    'keyline ledger export -o -',
    'keyline ledger verify --json',
    'keyline ledger import gang.log --map serial=SN,result=RES,hardwareId=MAC --allocation gang.csv.age --json',
    'keyline port list --json',
    'keyline profile check linux-shell --json',
    'keyline jig check linux-shell/jig.yaml --json',
  ];

  it(
    'keep every secret out of what they print, write, log, and hand to programs',
    async () => {
      for (const line of lines) {
        const ran = await run(line);
        const said = ran.code === 0 ? ran.stderr : ran.stdout + ran.stderr;
        expect({ line, code: ran.code, said }).toEqual({ line, code: 0, said: '' });
        expect({ line, leaks: findLeaks(canaries, ran, files()) }).toEqual({ line, leaks: [] });
      }
      // What was searched is what there was to find.
      expect(readdirSync(workspace.path)).toEqual(
        expect.arrayContaining(['wire.log', 'hook.json', 'events.ndjson', 'seen.txt']),
      );
      expect(readFileSync(join(workspace.path, 'wire.log'), 'utf8')).toContain('[secret]');
      expect(readFileSync(join(workspace.path, 'seen.txt'), 'latin1')).toContain('write_flash');
      const memories = [...consoles.memories(), ...boards.memories()];
      expect(memories.every(({ flash }) => flash.size > 0)).toBe(true);
    },
    TIMEOUT_MS,
  );

  it('are searched by a canary that sings over a device’s own memory', () => {
    const ran = { code: 0, stdout: '', stderr: '' };
    const leaks = findLeaks(canaries, ran, { folder: workspace.path, allowed: ALLOWED });
    expect(leaks.some((leak) => leak.startsWith('endpoint secret'))).toBe(true);
  });
});

/** Where secrets are on purpose. */
const ALLOWED = ['identity', 'backup.txt'];

/** Everything but these and the memories of the devices. */
function files() {
  const memories = readdirSync(workspace.path, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /(^|\/)device-\d+\.json$/.test(name),
  );
  return { folder: workspace.path, allowed: [...ALLOWED, ...memories] };
}

/** The simulated programmers; each writes down first what others can see of it and of its parent. */
function watchedPrograms(simulated: string): string {
  const folder = mkdtempSync(join(workspace.path, 'programs-'));
  for (const name of readdirSync(simulated)) {
    const seen = `cat /proc/$$/cmdline /proc/$$/environ /proc/$PPID/cmdline /proc/$PPID/environ >> '${workspace.path}/seen.txt'`;
    const script = `#!/bin/sh\n${seen}\nexec '${join(simulated, name)}' "$@"\n`;
    writeFileSync(join(folder, name), script, { mode: 0o755 });
  }
  return folder;
}

function run(line: string) {
  const { path: cwd, env } = workspace;
  const PATH = `${programs}:${process.env['PATH'] ?? ''}`;
  return shell(line, { cwd, env: { ...env, PATH }, withinMs: 90_000 });
}
