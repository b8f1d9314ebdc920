import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stepAt, totpCode } from '../../src/service/auth/totp.ts';
import { openStore } from '../../src/service/store/open-store.ts';
import { fromBase32 } from './base32.ts';
import { ROOT } from './cli.ts';
import { ServedRegistry } from './served-registry.ts';

interface Manifest {
  readonly commands: Record<string, { readonly examples?: readonly string[] }>;
}

/** Commands that need a registry with two accounts and devices. */
const HERE =
  /^(?:transfer|fleet|registry:(?:template|account|system|user|totp)|escrow):(?!register)|^registry:(?:password|join)$/;
/** Who says a line: the first that fits. A machine controls no device. */
const SPEAKERS: readonly (readonly [speaker: string, lines: RegExp])[] = [
  ['widgets', /^keyline (?:transfer (?:approve|refuse|approval)|registry template)/],
  ['root', /^keyline registry account (?:create|invite)/],
  ['wendy', /^keyline registry password --old/],
  ['tess', /^keyline registry totp/],
  ['ann', /^keyline (?:fleet (?:quarantine|release|retire)|registry)/],
  ['acme', /./],
];
/** A transfer in an example: there is such a one when it is run. */
const SOME_TRANSFER = /tr_[0-9a-z]{26}/;

const { commands } = JSON.parse(
  readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8'),
) as Manifest;
const examples = Object.entries(commands)
  .filter(([id]) => HERE.test(id))
  .flatMap(([, { examples: texts = [] }]) => texts)
  .map((text) => text.replaceAll('<%= config.bin %>', 'keyline'));

let served: ServedRegistry;
let unit = 100;

beforeAll(async () => {
  const machines = {
    acme: ['factory-engineer', 'provisioner'],
    widgets: ['customer-admin'],
  } as const;
  served = await ServedRegistry.start(machines, {
    ann: { account: 'acme', roles: ['account-admin'] },
    tess: { account: 'acme', roles: ['auditor'] },
    wendy: { account: 'widgets', roles: ['customer-admin'] },
  });
  await served.must('key create --label widgets');
  await served.must('lot create A1 --size 1000 --serial ACME-A1-{n:8}');
  await served.must('registry key add widgets', 'acme');
  await served.must('escrow register A1', 'acme');
  await served.build(1_000);
  const root = '--context root --login root --password-file pass';
  await served.must(`registry login ${served.url} ${root}`);
  const files = '--client-id-file line-1.id --client-secret-file line-1.secret';
  await served.must(`registry system add line-1 --role station ${files}`, 'ann');
  await served.must(
    'registry account create southwind --name Southwind --kind oem --admin sven -o sven.first',
    'root',
  );
  await served.must('registry user add pat --role auditor -o pat.invitation', 'ann');
}, 120_000);
afterAll(() => served[Symbol.asyncDispose]());

const serial = (n: number): string => `ACME-A1-${String(n).padStart(8, '0')}`;

/** Nothing is offered any more. */
async function withdrawAll(): Promise<void> {
  const { result } = await served.ask('acme', 'transfer list --as source --state open');
  for (const { id } of result as readonly { readonly id: string }[]) {
    await served.must(`transfer withdraw ${id} --all --yes`, 'acme');
  }
}

/** What the files of the examples name, offered as a transfer of its own; unit 7 only where it is meant. */
async function offer(line: string): Promise<string> {
  unit += 10;
  const devices = [unit, unit + 1, unit + 2, unit + 3].map(serial);
  for (const name of ['received', 'recalled', 'pallet-7', 'stolen', 'found', 'scrapped']) {
    served.write(`${name}.txt`, devices.slice(0, 2));
  }
  if (line.includes('fleet release')) {
    const named = line.includes('found.txt') ? 'found.txt' : serial(7);
    await served.must(`fleet quarantine ${named} --yes`, 'ann');
  }
  if (line.includes('approval remove')) {
    await served.must('transfer approval add acme --yes', 'widgets');
  }
  served.write('default.yaml', ['trustAnchors: []', 'values: { name: "{serial}" }']);
  if (line.includes('template show')) {
    await served.must('registry template set default default.yaml --yes', 'widgets');
  }
  if (line.includes('registry password')) {
    await served.must('registry user reset pat -o pat.invitation --force', 'ann');
  }
  if (line.includes('user admit')) await served.run('ann', 'registry user remove wendy --yes');
  if (line.includes('user remove'))
    await served.run('ann', 'registry user admit wendy --role support');
  if (line.includes('registry join'))
    await served.must('registry account set --registration', 'ann');
  if (line.includes('--code')) return line.replace('123456', await authenticatorCode(line));
  served.write('broken.csv', ['serial,reason', `${devices[0] ?? ''},dropped`]);
  if (!SOME_TRANSFER.test(line)) return line.replace('http://127.0.0.1:8080', served.url);
  served.write('offered.txt', line.includes(serial(7)) ? [...devices, serial(7)] : devices);
  const words = 'transfer request --devices offered.txt --to widgets';
  const { result } = await served.ask('acme', words);
  return line.replace(SOME_TRANSFER, (result as { readonly id: string }).id);
}

/** A code that the line can use, of a key of its own. */
async function authenticatorCode(line: string): Promise<string> {
  await using store = await openStore(join(served.folder, 'registry.sqlite'), { create: false });
  await store.change({ actor: 'registry' }, ({ db }) =>
    db
      .updateTable('principals')
      .set({ totp: null, totpStep: null })
      .where('login', '=', 'tess')
      .execute(),
  );
  await served.must('registry totp add -o totp.uri --force', 'tess');
  const uri = new URL(readFileSync(join(served.folder, 'totp.uri'), 'utf8'));
  const key = fromBase32(uri.searchParams.get('secret') ?? '');
  const step = stepAt(Date.now());
  if (!line.includes('totp remove')) return totpCode(key, step);
  await served.must(`registry totp confirm --code ${totpCode(key, step)}`, 'tess');
  return totpCode(key, step + 1);
}

it('has examples to run', () => {
  expect(examples.length).toBeGreaterThan(10);
});

it.each(examples)('works: %s', async (text) => {
  await withdrawAll();
  const line = await offer(text);
  const [speaker = ''] = SPEAKERS.find(([, lines]) => lines.test(line)) ?? [];
  const ran = await served.shell(speaker, line);
  const stderr = ran.stderr.replace(/^Warning: there are more than .*\n/, '');
  expect({ code: ran.code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(ran.stdout).not.toBe('');
});
