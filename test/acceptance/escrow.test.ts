import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROGRAM, ROOT } from './cli.ts';
import { ServedRegistry } from './served-registry.ts';

const UNITS = 3;
/** Written by a profile of its own: a board with a key pair. */
const KEY_PAIR = 'board.yaml';
const LINES = [
  { lot: 'A1', profile: 'linux-shell', dir: 'sim-a', scheme: 'psk' },
  { lot: 'B1', profile: `./${KEY_PAIR}`, dir: 'sim-b', scheme: 'p256' },
] as const;

let served: ServedRegistry;
/** Devices that are still at work, should a test fail before it ends them. */
const running = new Set<ChildProcess>();

beforeAll(async () => {
  served = await ServedRegistry.start({
    acme: ['factory-engineer', 'provisioner'],
    widgets: ['customer-admin'],
  });
  writeFileSync(join(served.folder, KEY_PAIR), keyPairProfile());
  await served.must('key create --label widgets');
  await served.must('station init --name line-1');
  await served.must('registry key add widgets', 'acme');
  for (const { lot, profile, dir, scheme } of LINES) {
    await served.must(`lot create ${lot} --size 100 --scheme ${scheme} --serial ${lot}-{n:4}`);
    const bench = await simulate('Ctrl-C', `--profile ${profile} --count ${UNITS} --dir ${dir}`);
    await served.must(`station run ${lot} --profile ${profile} --jig ${dir}/jig.yaml --once`);
    await bench.stop();
    await served.must(`manifest write ${lot} --as-built -o ${lot}.csv`);
    await served.must(`escrow register ${lot}.csv`, 'acme');
  }
}, 180_000);
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await served[Symbol.asyncDispose]();
});

function keyPairProfile(): string {
  return readFileSync(join(ROOT, 'fixtures/profiles/zephyr-smp-settings.yaml'), 'utf8')
    .replace('name: zephyr-smp-settings', 'name: board')
    .replace('endpoint_secret:raw', 'private_key:raw')
    .replace('  endpoint_key:\n', '  anchor:\n    custodyAnchor: raw\n  endpoint_key:\n')
    .replace(
      '    - value: endpoint_key\n',
      '    - value: anchor\n      setting: keyline/anchor\n    - value: endpoint_key\n',
    );
}

interface Simulated {
  /** Its exit code. */
  readonly ended: Promise<number | null>;
  stop(): Promise<number | null>;
}

/** Devices in the background; goes on once they have said these words. */
async function simulate(words: string, line: string): Promise<Simulated> {
  const child = spawn(process.execPath, [PROGRAM, 'device', 'simulate', ...line.split(' ')], {
    cwd: served.folder,
    env: { PATH: process.env['PATH'] ?? '', ...served.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const ended = once(child, 'exit').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  for (let read = await lines.next(); !read.done; read = await lines.next()) {
    if (read.value.includes(words)) break;
  }
  const stop = async (): Promise<number | null> => {
    child.kill('SIGINT');
    return await ended;
  };
  return { ended, stop };
}

/** A template of the account that a lot's devices go to. */
async function setTemplate(values: object, after: number): Promise<void> {
  served.write('template.yaml', [JSON.stringify({ values })]);
  const line = `registry template set default template.yaml --after ${after} --yes`;
  await served.must(line, 'widgets');
}

interface Event {
  readonly device: number;
  readonly type: string;
  readonly step?: number;
}
const eventsIn = (text: string): Event[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event)
    .filter(({ type }) => typeof type === 'string');

describe.each(LINES)('devices of scheme $scheme that a station wrote', ({ lot, profile, dir }) => {
  const play = `device simulate --profile ${profile} --dir ${dir} --escrow`;

  it('wait in escrow mode and enter normal mode with what their owner signed', async () => {
    await setTemplate({ host: '{serial}.widgets.example' }, lot === 'A1' ? 0 : 1);
    const words = `--profile ${profile} --dir ${dir} --escrow ${served.url} --once`;
    const devices = await simulate(`device ${UNITS}: in escrow mode`, words);
    const offered = await served.ask('acme', `transfer request ${lot} --to widgets`);
    const { id } = offered.result as { id: string };
    await served.must(`transfer approve ${id} --all --yes`, 'widgets');
    expect(await devices.ended).toBe(0);
    const memory = readFileSync(join(served.folder, dir, 'device-1.json'), 'utf8');
    expect(memory).toContain('registry/configuration');
  }, 60_000);

  it('are what they were after a restart, and say it in lines of JSON', async () => {
    const ran = await served.run('widgets', `${play} ${served.url} --once --json`);
    expect(ran.code).toBe(0);
    const active = eventsIn(ran.stdout).filter(({ type }) => type === 'active');
    expect(active.map(({ device, step }) => [device, step]).sort()).toEqual([
      ...[
        [1, 1],
        [2, 1],
        [3, 1],
      ],
    ]);
    expect(ran.stdout).not.toContain('accepted');
    const { result } = JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '') as {
      result: object;
    };
    expect(result).toMatchObject({ devices: UNITS, active: UNITS, waiting: 0, refused: 0 });
  }, 60_000);
});

describe('device simulate --escrow', () => {
  const play = (more: string) => served.ask('acme', `device simulate --dir sim-a ${more}`);

  it.each([
    ['--profile linux-shell --escrow http://registry.example', 'plain-http'],
    ['--profile linux-shell --escrow registry', 'usage'],
    ['--profile linux-shell --escrow http://127.0.0.1:1 --ca-file none.pem', 'not-found'],
    ['--profile linux-shell --escrow http://127.0.0.1:1 --autoload', 'usage'],
    ['--profile linux-shell --ca-file none.pem', 'usage'],
    ['--profile u-boot --escrow http://127.0.0.1:1', 'usage'],
  ])('with %s is refused as %s', async (line, code) => {
    expect((await play(line)).error?.code).toBe(code);
  });

  it('is refused where no station has written a device', async () => {
    const line = `device simulate --profile linux-shell --dir empty --escrow ${served.url}`;
    expect((await served.ask('acme', line)).error?.code).toBe('usage');
  });

  it('ends with 6 where the registry does not know a device', async () => {
    await served.must('lot create C1 --size 10 --serial C1-{n:4}');
    const bench = await simulate('Ctrl-C', '--profile linux-shell --dir sim-c');
    await served.must('station run C1 --profile linux-shell --jig sim-c/jig.yaml --once');
    await bench.stop();
    const line = `device simulate --profile linux-shell --dir sim-c --escrow ${served.url} --once`;
    const ran = await served.run('acme', line);
    expect([ran.code, ran.stdout.includes('does not know it')]).toEqual([6, true]);
    for (const text of ran.stdout.split('\n')) expect(text.length).toBeLessThanOrEqual(80);
  }, 60_000);

  it('runs as its example says, and ends with Ctrl-C', async () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8')) as {
      commands: Record<string, { examples: string[] }>;
    };
    const texts = manifest.commands['device:simulate']?.examples ?? [];
    const text = texts.find((one) => one.includes('--escrow')) ?? '';
    const line = text
      .replace('<%= config.bin %> ', '')
      .replace('--dir sim', '--dir sim-a')
      .replace(/http:\S+/, served.url);
    expect((await served.run('acme', line)).code).toBe(0);
    const forever = line.replace(/^device simulate /, '').replace(/ --for \d+/, '');
    const devices = await simulate('normal mode', forever);
    expect(await devices.stop()).toBe(0);
  }, 60_000);
});
