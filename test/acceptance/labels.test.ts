import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSimulator } from '../../src/device/simulator/simulator.ts';
import type { Simulator } from '../../src/device/simulator/simulator.ts';
import { loadProfile } from '../../src/job/check-device-file.ts';
import { startPrinter } from '../label/fake-printer.ts';
import { readQr, readZpl } from '../label/read-label.ts';
import { keyline, PROGRAM, ROOT } from './cli.ts';
import { createWorkspace } from './workspace.ts';
import type { Workspace } from './workspace.ts';

let workspace: Workspace;
let simulator: Simulator;

beforeAll(async () => {
  workspace = await createWorkspace();
  simulator = await createSimulator({
    profile: await loadProfile(join(ROOT, 'fixtures/profiles/linux-shell.yaml')),
    dir: join(workspace.path, 'devices'),
    count: 2,
  });
});
afterAll(async () => {
  await simulator.close();
  workspace[Symbol.dispose]();
});

const at = () => ({ cwd: workspace.path, env: workspace.env });
const RUN = 'station run A1 --profile linux-shell --jig ./devices/jig.yaml --once --json'.split(
  ' ',
);

interface Event {
  readonly type: string;
  readonly slot?: number;
  readonly wants?: string;
  readonly serial?: string;
  readonly unit?: { readonly code?: string };
}

/** A run as a process, whose person scans what `answer` says to each event. */
async function runAndScan(
  argv: readonly string[],
  answer: (
    event: Event,
    scan: (text: string) => void,
    child: { kill(signal: string): void },
  ) => void,
) {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [PROGRAM, ...argv], {
    ...{ cwd: workspace.path, env: { PATH, HOME, ...workspace.env } },
  });
  const events: Event[] = [];
  let held = '';
  let all = '';
  const scan = (text: string): void => {
    child.stdin.write(`${text}\n`);
  };
  child.stdin.on('error', () => undefined);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (all += text));
  }
  child.stdout.on('data', (text: string) => {
    const lines = (held + text).split('\n');
    held = lines.pop() ?? '';
    for (const line of lines) {
      const { event } = JSON.parse(line) as { event?: Event };
      if (!event) continue;
      events.push(event);
      answer(event, scan, { kill: (signal) => child.kill(signal as NodeJS.Signals) });
    }
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, events, all };
}

describe('a run that prints labels and has them scanned back', () => {
  it('passes a board with its own label and never one with another’s', async () => {
    await using printer = await startPrinter();
    const asked: string[] = [];
    const options = `--scan label --on-pass label --label-printer ${printer.address}`.split(' ');
    const { code, events, all } = await runAndScan([...RUN, ...options], (event, scan) => {
      if (event.type !== 'scan' || event.slot === undefined) return;
      asked.push(event.serial ?? '');
      if (asked.length < 2) return;
      // Both boards wait: one label without its slot counts for nobody, then each gets the other's.
      const [first = '', second = ''] = asked;
      for (const text of [first, `SLOT-${event.slot}`, second]) scan(text);
      scan(second);
    });
    expect({ code, all }).toEqual({ code: 6, all: expect.any(String) as string });
    const types = events.map(({ type }) => type);
    expect(types.filter((type) => type === 'passed')).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'failed').map(({ unit }) => unit?.code)).toEqual([
      'scan-mismatch',
    ]);
    expect(types).toContain('scan-ignored');
    await printer.done(2);
    const printed = printer.jobs.map((job) => readQr(readZpl(job)));
    expect(printed.toSorted()).toEqual(asked.toSorted());
  });

  it('goes on with the board that failed, without a rewrite and without a second label', async () => {
    const options = '--scan label --on-pass label --label-printer labels/'.split(' ');
    const { code, events } = await runAndScan([...RUN, ...options], (event, scan) => {
      if (event.type === 'scan') scan(event.serial ?? '');
    });
    expect(code).toBe(0);
    expect(events.filter(({ type }) => type === 'passed')).toHaveLength(2);
    expect(existsSync(join(workspace.path, 'labels'))).toBe(false);
  });

  it('ends with scanner-gone where nobody can scan, instead of waiting for ever', async () => {
    const { code, stdout } = await keyline([...RUN, '--scan', 'before'], at());
    expect(code).toBe(4);
    expect(stdout).toContain('scanner-gone');
  });

  it('ends in order when it is interrupted while it waits for a scan', async () => {
    const { code } = await runAndScan([...RUN, '--scan', 'before'], (event, _scan, child) => {
      if (event.type === 'scan') child.kill('SIGINT');
    });
    expect(code).toBe(130);
  });
});

describe('label print', () => {
  it('keeps labels with claims to their owner and says where the print is on record', async () => {
    const argv = 'label print A1 --range 100-102 --with-claim -o claims/ --json'.split(' ');
    const { code, stdout } = await keyline(argv, at());
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ result: { labels: 3, record: 'ledger' } });
    for (const name of readdirSync(join(workspace.path, 'claims'))) {
      const path = join(workspace.path, 'claims', name);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(readFileSync(path, 'utf8')).toContain('<svg');
    }
    const again = await keyline(argv, at());
    expect(again.code).toBe(2);
    expect(again.stdout).toContain('already-printed');
  });

  it('fails with 4 for a printer that is not there', async () => {
    const argv = 'label print A1 200 -o tcp://127.0.0.1:1 --json'.split(' ');
    const { code, stdout } = await keyline(argv, at());
    expect(code).toBe(4);
    expect(stdout).toContain('printer-unreachable');
  });
});
