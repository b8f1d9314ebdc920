import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CountedTransfer, TransferItem } from '../../src/registry/transfers.ts';
import { ServedRegistry } from './served-registry.ts';
import type { Answer } from './served-registry.ts';

const UNITS = 1_310;
const BUILT = 1_300;
let served: ServedRegistry;

beforeAll(async () => {
  served = await ServedRegistry.start({
    acme: ['factory-engineer', 'provisioner'],
    widgets: ['customer-admin', 'provisioner'],
    shop: ['customer-admin'],
  });
  await served.must('key create --label widgets');
  await served.must(`lot create A1 --size ${UNITS} --serial ACME-A1-{n:8}`);
  await served.must('registry key add widgets', 'acme');
  await served.must('escrow register A1', 'acme');
  await served.build(BUILT);
}, 120_000);
afterAll(() => served[Symbol.asyncDispose]());

const serial = (n: number): string => `ACME-A1-${String(n).padStart(8, '0')}`;
const serials = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, at) => serial(from + at));
const request = async (words: string): Promise<CountedTransfer> => {
  const answer = await served.ask('acme', `transfer request ${words}`);
  expect([words, answer.code, answer.error?.code]).toEqual([words, 0, undefined]);
  return answer.result as CountedTransfer;
};
const decide = (as: string, words: string | readonly string[]): Promise<Answer> =>
  served.ask(as, typeof words === 'string' ? `transfer ${words}` : ['transfer', ...words]);
const show = async (as: string, id: string): Promise<CountedTransfer> =>
  (await served.ask(as, `transfer show ${id}`)).result as CountedTransfer;
const refusedItems = async (as: string, id: string): Promise<TransferItem[]> => {
  const words = `transfer show ${id} --state refused --format ndjson -o -`;
  const { stdout } = await served.run(as, words);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TransferItem);
};

it('lets the one account offer a range of a lot and the other accept some, with reasons', async () => {
  const { id, counts } = await request('A1 --range 0-9 --to widgets --note first --expires 14d');
  expect(counts.offered).toBe(10);
  served.write('broken.csv', ['serial,reason', `${serial(1)},"bent, badly"`, `${serial(2)},`]);
  const words = ['approve', id, '--except', 'broken.csv', '--reason', 'dead', '--yes'];
  const dry = await decide('widgets', [...words, '--dry-run']);
  expect(dry.result).toMatchObject({ dryRun: true, changes: { accepted: 8, refused: 2 } });
  expect((await show('acme', id)).counts.offered).toBe(10);
  const decided = await decide('widgets', words);
  expect([decided.code, decided.result]).toMatchObject([
    0,
    { dryRun: false, transfer: { state: 'completed', counts: { accepted: 8, refused: 2 } } },
  ]);
  const refused = await refusedItems('acme', id);
  const reasons = new Map(refused.map((item) => [item.serial, item.reason]));
  expect(reasons).toEqual(
    new Map([
      [serial(1), 'bent, badly'],
      [serial(2), 'dead'],
    ]),
  );
  const again = await decide('widgets', words);
  expect([again.code, again.result]).toMatchObject([0, { changes: { accepted: 0, refused: 0 } }]);
  const otherwise = await decide('widgets', ['refuse', id, '--all', '--yes']);
  expect([otherwise.code, otherwise.error?.code]).toEqual([5, 'transfer-already-decided']);
});

it('decides by name in steps, and the source takes back what is left', async () => {
  served.write('list.txt', serials(20, 26));
  const { id } = await request('--devices list.txt --to widgets');
  const accept = await decide('widgets', ['approve', id, '--only', serial(20), '--yes']);
  expect(accept.result).toMatchObject({ transfer: { state: 'partially-decided' } });
  const items = await served.run('widgets', `transfer show ${id} --state offered -o rest.csv`);
  expect(items.code).toBe(0);
  const [header = '', first = ''] = readFileSync(join(served.folder, 'rest.csv'), 'utf8').split(
    '\n',
  );
  expect(header).toBe('serial,endpoint_key,device,model,state,reason,decided_at');
  served.write('one.csv', [header, first]);
  const words = ['refuse', id, '--only', 'one.csv', '--reason', 'scratched', '--yes'];
  expect((await decide('widgets', words)).code).toBe(0);
  const foreign = await decide('widgets', ['withdraw', id, '--all', '--yes']);
  expect([foreign.code, foreign.error?.code]).toEqual([5, 'object-unknown']);
  const taken = await decide('acme', ['withdraw', id, '--only', serial(24), '--yes']);
  expect(taken.result).toMatchObject({ transfer: { counts: { withdrawn: 1, offered: 3 } } });
  const rest = await decide('acme', ['withdraw', id, '--all', '--yes']);
  expect(rest.result).toMatchObject({
    transfer: { counts: { accepted: 1, refused: 1, withdrawn: 4, offered: 0 } },
  });
  const late = await decide('widgets', ['approve', id, '--only', serial(24), '--yes']);
  expect([late.code, late.error?.code]).toEqual([5, 'transfer-already-decided']);
});

it('waits until more than a thousand are moved, and their new owner passes them on', async () => {
  const { id, items, leftOut } = await request('A1 --to widgets');
  expect([items > 1_000, leftOut]).toEqual([true, UNITS - BUILT]);
  const decided = await decide('widgets', ['approve', id, '--all', '--yes']);
  const { transfer } = decided.result as { readonly transfer: CountedTransfer };
  expect([transfer.counts.accepted, transfer.pending]).toEqual([items, undefined]);
  served.write('on.txt', serials(100, 103));
  const onward = await served.ask('widgets', 'transfer request --devices on.txt --to shop');
  expect([onward.code, onward.result]).toMatchObject([0, { source: 'widgets', items: 3 }]);
  const gone = await served.ask('acme', 'transfer request --devices on.txt --to shop');
  expect([gone.code, gone.error]).toMatchObject([
    5,
    { code: 'object-unknown', facts: { device: serial(100) } },
  ]);
});

it('lists what was given and got, each as its account sees it', async () => {
  const given = await served.ask('acme', 'transfer list --as source');
  const got = await served.ask('widgets', 'transfer list --as destination');
  expect(given.result).toEqual(got.result);
  expect((await served.ask('widgets', 'transfer list --as source')).result).toHaveLength(1);
  const both = await served.ask('widgets', 'transfer list');
  expect(both.result).toHaveLength((got.result as unknown[]).length + 1);
  const short = await served.ask('widgets', 'transfer list --limit 1');
  expect([short.result, short.warnings]).toMatchObject([
    [{ destination: 'shop' }],
    [/more than 1/],
  ]);
  const text = await served.run('widgets', 'transfer list --state open');
  expect(text.stdout).toMatch(/^transfer .*\ntr_\w+ +to shop +open +3 +\d{4}-\d\d-\d\d\n$/);
});

it('ends in order when the reader of an export has seen enough', async () => {
  const { result } = await served.ask('widgets', 'transfer list --as destination --limit 1');
  const [{ id = '' } = {}] = result as { readonly id?: string }[];
  const ran = await served.shell(
    'widgets',
    `{ keyline transfer show ${id} -o -; echo "ended with $?" >&2; } | head -1`,
  );
  expect([ran.stdout.split(',')[0], ran.stderr]).toEqual(['serial', 'ended with 0\n']);
});

describe('what cannot be', () => {
  let open: string;
  beforeAll(async () => {
    served.write('empty.txt', ['', '']);
    served.write('secret.txt', ['es_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']);
    open = (await request(`A1 --range ${BUILT}-${UNITS - 1} --to widgets --include-planned`)).id;
  });

  it.each([
    ['acme', 'transfer request --to widgets', 2, 'usage'],
    ['acme', 'transfer request A1 --devices x --to widgets', 2, 'usage'],
    ['acme', 'transfer request A1 --range 1305-1306 --to shop', 5, 'state-conflict'],
    ['acme', 'transfer request nothing --to widgets', 2, 'not-found'],
    ['acme', 'transfer request A1 --range 900-901 --to nobody-at-all', 5, 'object-unknown'],
    ['acme', 'transfer request A1 --to widgets --expires 5m30s', 2, 'usage'],
    ['acme', 'transfer request A1 --to widgets --expires 400d', 2, 'usage'],
    ['acme', 'transfer request --devices empty.txt --to widgets', 3, 'device-list-invalid'],
    ['acme', 'transfer request --devices secret.txt --to widgets', 3, 'device-list-invalid'],
    ['acme', 'transfer show tr_00000000000000000000000000', 5, 'object-unknown'],
    ['acme', 'transfer approve tr_00000000000000000000000000', 2, 'usage'],
    ['acme', 'transfer approve tr_00000000000000000000000000 --all', 5, 'object-unknown'],
    ['widgets', 'transfer approve ID --all --reason late', 2, 'usage'],
    ['widgets', 'transfer approve ID --all', 2, 'needs-yes'],
    ['widgets', 'transfer approve ID --only no-such.txt --yes', 2, 'not-found'],
    ['acme', 'transfer approve ID --all --yes', 5, 'forbidden'],
    ['shop', 'transfer show ID', 5, 'object-unknown'],
    ['nobody', 'transfer list', 5, 'unauthenticated'],
  ] as const)('is refused to %s: %s', async (as, line, code, error) => {
    const answer = await served.ask(as, line.replace('ID', open));
    expect([answer.code, answer.error?.code]).toEqual([code, error]);
    expect(JSON.stringify(answer)).not.toContain('es_A');
  });
});
