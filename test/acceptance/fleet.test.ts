import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FleetDevice, RegistryEvent } from '../../src/registry/fleet.ts';
import { keyline, PROGRAM } from './cli.ts';
import { ServedRegistry } from './served-registry.ts';

const UNITS = 2_500;
let served: ServedRegistry;

beforeAll(async () => {
  const machines = {
    acme: ['factory-engineer', 'provisioner'],
    widgets: ['customer-admin', 'provisioner'],
  } as const;
  served = await ServedRegistry.start(machines, {
    ann: { account: 'acme', roles: ['account-admin'] },
  });
  await served.must('key create --label widgets');
  await served.must(`lot create A1 --size ${UNITS} --serial ACME-A1-{n:8} --model AX`);
  await served.must('registry key add widgets', 'acme');
  await served.must('escrow register A1', 'acme');
  await served.build(2_000);
}, 120_000);
afterAll(() => served[Symbol.asyncDispose]());

const serial = (n: number): string => `ACME-A1-${String(n).padStart(8, '0')}`;
const devicesOf = (result: unknown): readonly FleetDevice[] =>
  (result as { readonly devices: readonly FleetDevice[] }).devices;

it('lists the devices that fit, and writes all of them out however many', async () => {
  const few = await served.ask('acme', 'fleet list --lot A1 --range 5-7 --model AX');
  expect(devicesOf(few.result).map((device) => device.serial)).toEqual([5, 6, 7].map(serial));
  const first = await served.ask('acme', 'fleet list --limit 2');
  expect([first.result, first.warnings]).toMatchObject([{ isMore: true }, [/more than 2/]]);
  await served.must('fleet list --provisioning verified -o built.csv', 'acme');
  const lines = readFileSync(join(served.folder, 'built.csv'), 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(2_001);
  expect([lines[0]?.split(',')[0], lines[2_000]?.split(',')[0]]).toEqual(['serial', serial(1_999)]);
  const all = await served.run('acme', 'fleet list --format ndjson -o -');
  const serials = all.stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as FleetDevice).serial);
  expect([serials.length, new Set(serials).size]).toEqual([UNITS, UNITS]);
  const taken = await served.ask('acme', 'fleet list -o built.csv');
  expect([taken.code, taken.error?.code]).toEqual([2, 'output-exists']);
  const cut = await served.shell('acme', '{ keyline fleet list -o -; echo $? >&2; } | head -1');
  expect(cut).toMatchObject({
    stderr: '0\n',
    stdout: expect.stringMatching(/^serial,.*\n$/) as string,
  });
});

it('lets a person hold devices back, release and retire them, and no machine', async () => {
  const machine = await served.ask('acme', ['fleet', 'quarantine', serial(20), '--yes']);
  expect([machine.code, machine.error?.code]).toEqual([5, 'forbidden']);
  const unasked = await served.ask('ann', ['fleet', 'retire', serial(20)]);
  expect([unasked.code, unasked.error?.code]).toEqual([2, 'needs-yes']);
  served.write('two.txt', [serial(20), serial(21)]);
  const held = await served.ask('ann', 'fleet quarantine two.txt --yes');
  expect([held.code, held.result]).toMatchObject([
    0,
    { devices: [{ device: { enrollment: 'quarantined' } }, { device: { serial: serial(21) } }] },
  ]);
  const mixed = await served.ask('ann', [
    'fleet',
    'release',
    'two.txt',
    serial(22),
    'none',
    '--yes',
  ]);
  expect(mixed.code).toBe(6);
  expect(devicesOf(mixed.result)).toMatchObject([
    { name: serial(20), device: { enrollment: 'pending' } },
    { name: serial(21), device: { enrollment: 'pending' } },
    { name: serial(22), error: { code: 'state-conflict' } },
    { name: 'none', error: { code: 'object-unknown' } },
  ]);
  const dry = await served.ask('ann', ['fleet', 'retire', serial(20), '--dry-run']);
  expect(devicesOf(dry.result)).toMatchObject([{ device: { enrollment: 'pending' } }]);
  const only = await served.ask('ann', ['fleet', 'release', serial(20), '--yes']);
  expect([only.code, only.error?.code]).toEqual([5, 'state-conflict']);
  expect((await served.ask('ann', ['fleet', 'retire', serial(20), '--yes'])).code).toBe(0);
  const ended = await served.ask('ann', ['fleet', 'release', serial(20), '--yes']);
  expect([ended.code, ended.error?.code]).toEqual([5, 'state-conflict']);
});

it('counts devices on their way, and takes one out of escrow that nobody is offered', async () => {
  const offer = `transfer request A1 --range 100-109 --to widgets`;
  expect((await served.ask('acme', offer)).code).toBe(0);
  const list = await served.ask('acme', 'escrow list --lot A1 --range 100-119 --limit 0');
  expect(list.result).toMatchObject({ counts: { offered: 10, waiting: 10 }, devices: [] });
  const refused = await served.ask('acme', ['escrow', 'cancel', serial(100), '--yes']);
  expect([refused.code, refused.error?.code]).toEqual([5, 'state-conflict']);
  expect((await served.ask('acme', ['escrow', 'cancel', serial(110), '--yes'])).code).toBe(0);
  const cancelled = await served.ask('acme', 'escrow list --state cancelled');
  expect(devicesOf(cancelled.result).map((device) => device.serial)).toEqual([serial(110)]);
  const late = await served.ask('acme', [
    'transfer',
    'request',
    '--devices',
    serial(110),
    '--to',
    'widgets',
  ]);
  expect([late.code, late.error?.code]).toEqual([5, 'state-conflict']);
  expect((await served.ask('acme', ['escrow', 'restore', serial(110), '--yes'])).code).toBe(0);
  const shown = await served.ask('acme', ['escrow', 'show', serial(110)]);
  expect(shown.result).toMatchObject({ escrow: 'waiting' });
});

it('accepts unasked what an account with a standing approval gets, by what devices are like', async () => {
  expect((await served.ask('widgets', 'transfer approval add acme --yes')).code).toBe(0);
  const words = 'transfer request --serial-prefix ACME-A1-0000003 --model AX --to widgets';
  const { result } = await served.ask('acme', words);
  expect(result).toMatchObject({ decidedBy: 'standing-approval', counts: { accepted: 10 } });
  const list = await served.ask('widgets', 'transfer approval list');
  expect(list.result).toMatchObject([{ from: 'acme' }]);
  const shown = await served.ask('widgets', ['fleet', 'show', serial(35)]);
  expect(shown.result).toMatchObject({ custody: [{ step: 1, from: 'acme', to: 'widgets' }] });
  expect((await served.ask('widgets', 'transfer approval remove acme')).code).toBe(0);
  const after = await served.ask('acme', [
    'transfer',
    'request',
    '--devices',
    serial(40),
    '--to',
    'widgets',
  ]);
  expect(after.result).toMatchObject({ state: 'open' });
});

it('sets a template from a file, once for the same content, and never over another version', async () => {
  served.write('default.yaml', [
    'values:',
    '  broker: mqtts://broker.example',
    '  name: "{serial}"',
  ]);
  const set = (...words: string[]) =>
    served.ask('widgets', ['registry', 'template', 'set', 'default', 'default.yaml', ...words]);
  expect((await set('--dry-run')).result).toMatchObject({ after: 0, added: ['broker', 'name'] });
  expect((await served.ask('widgets', 'registry template list')).result).toEqual([]);
  expect(await set()).toMatchObject({ code: 2, error: { code: 'needs-yes' } });
  const made = await set('--yes');
  expect(made.result).toMatchObject({ template: { version: 1, valueNames: ['broker', 'name'] } });
  expect((await set('--yes')).result).toMatchObject({ isUnchanged: true });
  const shown = await served.ask('widgets', 'registry template show default -o copy.yaml');
  const listed = await served.ask('widgets', 'registry template list');
  // They can be secrets, and what --json prints is kept in logs.
  expect(JSON.stringify([made, shown, listed])).not.toContain('broker.example');
  expect(statSync(join(served.folder, 'copy.yaml')).mode & 0o777).toBe(0o600);
  const again = await served.ask('widgets', 'registry template set default copy.yaml --yes');
  expect(again.result).toMatchObject({ after: 1, isUnchanged: true });
  served.write('default.yaml', ['{"trustAnchors": [], "values": {"name": "x", "port": 1}}']);
  const next = await set('--after', '1', '--yes');
  expect(next.result).toMatchObject({ removed: ['broker'], changed: ['name'], added: ['port'] });
  const stale = await set('--after', '1', '--yes');
  expect([stale.code, stale.error?.code]).toEqual([5, 'precondition-failed']);
  served.write('default.yaml', ['values: {}', 'anchors: []']);
  expect(await set('--yes')).toMatchObject({ code: 3, error: { code: 'template-invalid' } });
  served.write('default.yaml', ['values: { name: "{colour}" }']);
  expect(await set('--yes')).toMatchObject({ code: 5, error: { code: 'request-invalid' } });
});

it('knows a lot by its code where its home is elsewhere, from the registry', async () => {
  const args = ['fleet', 'list', '--lot', 'A1', '--range', '1-1', '--json'];
  const { folder, env } = served;
  const elsewhere = { ...env, KEYLINE_HOME: join(folder, 'elsewhere'), KEYLINE_CONTEXT: 'acme' };
  cpSync(join(folder, 'home/registry'), join(folder, 'elsewhere/registry'), { recursive: true });
  const ran = await keyline(args, { cwd: folder, env: elsewhere });
  expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining(serial(1))]);
});

const eventsIn = (stdout: string): RegistryEvent[] =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('{"event"'))
    .map((line) => (JSON.parse(line) as { readonly event: RegistryEvent }).event);
const endOf = (stdout: string): unknown => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');

it('reads the feed in parts without a gap, and that of one device', async () => {
  const all = eventsIn((await served.run('ann', 'fleet events --json')).stdout);
  expect(all.length).toBeGreaterThan(5);
  const head = await served.run('ann', 'fleet events --limit 3 --json');
  const next = eventsIn(head.stdout).at(-1)?.id ?? '';
  expect(endOf(head.stdout)).toEqual({ result: { events: 3, next }, warnings: [] });
  const tail = eventsIn((await served.run('ann', `fleet events --after ${next} --json`)).stdout);
  expect([...eventsIn(head.stdout), ...tail]).toEqual(all);
  const own = await served.run('ann', ['fleet', 'events', serial(21), '--json']);
  expect(eventsIn(own.stdout).map(({ type }) => type)).toEqual([
    'device.quarantined',
    'device.rejoined',
  ]);
  const text = await served.run('ann', ['fleet', 'events', serial(21), '--limit', '1']);
  expect(text.stdout).toMatch(/^\w+-\d+ \S+Z device\.quarantined dv_\w+ .*\n$/);
});

it('follows the feed until Ctrl-C, and says where it goes on', async () => {
  const before = await served.run('ann', 'fleet events --json');
  const { next } = (endOf(before.stdout) as { readonly result: { readonly next: string } }).result;
  const args = ['fleet', 'events', '--after', next, '--follow', '--json'];
  const follower = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: served.folder,
    env: { PATH: process.env['PATH'] ?? '', ...served.env, KEYLINE_CONTEXT: 'ann' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(follower, 'exit');
  const lines = createInterface({ input: follower.stdout })[Symbol.asyncIterator]();
  const first = lines.next();
  await served.must(`fleet quarantine ${serial(50)} --yes`, 'ann');
  const { event } = JSON.parse(String((await first).value)) as { readonly event: RegistryEvent };
  expect(event.type).toBe('device.quarantined');
  follower.kill('SIGINT');
  const end: unknown = JSON.parse(String((await lines.next()).value));
  expect(end).toEqual({ result: { events: 1, next: event.id }, warnings: [] });
  expect(await exit).toEqual([130, null]);
});

it.each([
  ['fleet list --range 1-2', 2, 'usage'],
  ['fleet list --lot none', 2, 'not-found'],
  ['fleet list --enrollment lost', 2, 'usage'],
  ['fleet show nobody', 5, 'object-unknown'],
  ['fleet events --after 0000000000000000-1', 5, 'cursor-gone'],
  ['escrow cancel nobody --yes', 5, 'object-unknown'],
  ['transfer request A1 --devices x --model AX --to widgets', 2, 'usage'],
  ['transfer request --model none --to widgets', 5, 'object-unknown'],
  ['transfer approval add acme --yes', 5, 'forbidden'],
] as const)('is refused %s', async (line, code, error) => {
  const answer = await served.ask('acme', line);
  expect([answer.code, answer.error?.code]).toEqual([code, error]);
});
