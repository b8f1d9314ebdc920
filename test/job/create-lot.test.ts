import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LotStore } from '../../src/home/lot-store.ts';
import { certifyLot } from '../../src/job/certify-lot.ts';
import { createLot } from '../../src/job/create-lot.ts';
import { importLot } from '../../src/job/import-lot.ts';
import { retireKey } from '../../src/job/key-retire.ts';
import { findLot, openLot } from '../../src/job/open-lot.ts';
import type { LotRequest } from '../../src/job/create-lot.ts';
import { listLots, showLot } from '../../src/job/show-lot.ts';
import { Secret } from '../../src/kernel/secret.ts';
import { refusal } from '../seals/fixtures.ts';
import { close, lotRequest, makeOwner } from './lot-home.ts';

let owner: Awaited<ReturnType<typeof makeOwner>>;

beforeEach(async () => {
  owner = await makeOwner();
});

afterEach(() => owner[Symbol.asyncDispose]());

const create = (change: Partial<LotRequest> = {}) =>
  createLot(owner.home, lotRequest(change), { credentials: owner.credentials });

describe('lot create', () => {
  it('keeps a sealed descriptor under the only key and shows what it is', async () => {
    const { lot, warnings } = await create({ model: 'Meter 2', attributes: { hw: '2.1' } });
    expect(warnings).toEqual([]);
    expect(lot.provisioningKey).toBe(owner.card.provisioningKey);
    expect((await findLot(owner.home, 'A1')).lot).toEqual(lot);
    expect(await showLot(owner.home, 'A1')).toMatchObject({
      firstSerial: 'ACME-A1-00000000',
      lastSerial: 'ACME-A1-00009999',
      status: 'open',
      access: 'owner',
      allocated: 0,
    });
  });

  it.each<[string, string, Partial<LotRequest>]>([
    ['a control character in its code', 'invalid-lot', { code: 'A\u0007' }],
    ['an invisible character in its code', 'invalid-lot', { code: 'A\u202e1' }],
    ['a code like a flag', 'invalid-lot', { code: '-o' }],
    ['a code like an id', 'invalid-lot', { code: 'kl_a1' }],
    ['an empty code', 'invalid-lot', { code: '' }],
    ['a control character in its model', 'invalid-lot', { model: 'a\nb' }],
    ['a control character in an attribute', 'invalid-lot', { attributes: { hw: '\u001b[2J' } }],
    ['an attribute without a proper name', 'invalid-lot', { attributes: { 'h w': '1' } }],
    ['a label URL that is none', 'invalid-lot', { labelBaseUrl: 'reg.example/c' }],
    ['a label URL of another kind', 'invalid-lot', { labelBaseUrl: 'file:///etc/passwd' }],
    ['a label URL with a password', 'invalid-lot', { labelBaseUrl: 'https://a:b@reg.example/' }],
    ['a label URL with a fragment', 'invalid-lot', { labelBaseUrl: 'https://reg.example/#c' }],
    ['a template that overflows', 'invalid-template', { serialTemplate: 'A{n:4}' }],
    ['a template that would repeat', 'invalid-template', { serialTemplate: 'ACME' }],
    ['no units', 'invalid-lot', { size: 0 }],
    [
      'more units than there are indexes',
      'invalid-lot',
      { size: 2 ** 48, serialTemplate: '{n:15}' },
    ],
    ['a key that is not there', 'not-found', { key: 'kp_00000000000000000000000000' }],
    [
      'certificates for another scheme',
      'invalid-lot',
      { x509: { issuing: { type: 'self-signed' }, subject: 'serial' } },
    ],
    ['no one to certify it', 'invalid-lot', { scheme: 'x509-p256' }],
    [
      'a group key file that is not there',
      'not-found',
      { scheme: 'azure-dps', groupKeyFile: '/nowhere' },
    ],
  ])('with %s is refused before anything is written', async (_name, code, change) => {
    expect(await refusal(create(change))).toBe(code);
    expect(await readdir(owner.home.path)).toEqual(['keys']);
  });

  it('asks for no passphrase where the request is wrong anyway', async () => {
    const credentials = { passphrase: () => Promise.reject(new Error('asked')) };
    const wrong = createLot(owner.home, lotRequest({ serialTemplate: 'A' }), { credentials });
    expect(await refusal(wrong)).toBe('invalid-template');
  });

  it('gives no serial twice under one key, closed lots and lots in waiting included', async () => {
    await create();
    await close(owner, 'A1');
    expect(await refusal(create({ code: 'A2', firstNumber: 10_099 }))).toBe('serials-meet');
    await create({ code: 'A2', firstNumber: 10_100 });
    const waiting = {
      scheme: 'x509-p256',
      serialTemplate: 'W{n:6}',
      x509: { issuing: { type: 'csr' }, subject: 'serial' },
    } as const;
    await create({ code: 'W1', ...waiting });
    expect(await refusal(create({ code: 'W2', serialTemplate: 'W{x:6}' }))).toBe('serials-meet');
    expect(await refusal(create({ code: 'W1', serialTemplate: 'V{n:6}' }))).toBe('already-exists');
  });

  it('is refused under a retired key', async () => {
    await retireKey(owner.home, owner.card.provisioningKey);
    expect(await refusal(create())).toBe('key-retired');
  });

  it('warns of serials that a spreadsheet would spoil', async () => {
    const warned = async (code: string, serialTemplate: string): Promise<string> =>
      (await create({ code, serialTemplate })).warnings.join();
    expect(await warned('B1', '2026{n:6}')).toContain('number');
    expect(await warned('B2', '1E{n:5}')).toContain('number');
    expect(await warned('B3', '12{x:6}')).toContain('number');
    expect(await warned('B5', '+A{n:5}')).toContain('formula');
    expect(await warned('B6', 'A{x:6}')).toBe('');
  });

  it('warns of registration ids that Azure does not document', async () => {
    const azure = { scheme: 'azure-dps' } as const;
    expect((await create({ ...azure, code: 'Z1' })).warnings.join()).toContain('Azure');
    const plain = { ...azure, code: 'Z2', serialTemplate: 'sn-{n:6}' };
    expect((await create(plain)).warnings).toEqual([]);
  });

  it('keeps an imported group key as an age file that the lot opens again', async () => {
    const groupKey = Buffer.alloc(64, 5);
    const groupKeyFile = join(owner.path, 'group-key');
    await writeFile(groupKeyFile, `${groupKey.toString('base64')}\n`);
    const { lot } = await create({ scheme: 'azure-dps', serialTemplate: 'sn-{n:6}', groupKeyFile });
    const file = new LotStore(owner.home).azureGroupFile(lot.lotId);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'latin1')).toMatch(/^age-encryption\.org\/v1\n-> scrypt /);
    await using open = await openLot(owner.home, 'A1', owner.credentials);
    using held = open.secrets.groupKey();
    expect(held?.use((bytes) => Buffer.from(bytes).equals(groupKey))).toBe(true);
  });

  it('needs its imported group key on another machine of its owner too', async () => {
    const groupKeyFile = join(owner.path, 'group-key');
    await writeFile(groupKeyFile, Buffer.alloc(64, 5).toString('base64'));
    const { lot } = await create({ scheme: 'azure-dps', serialTemplate: 'sn-{n:6}', groupKeyFile });
    const { descriptor } = await findLot(owner.home, 'A1');
    await rm(new LotStore(owner.home).directory(lot.lotId), { recursive: true });
    const take = (change: { groupKeyFile?: string }) =>
      importLot(owner.home, Secret.take(Buffer.from(descriptor)), {
        credentials: () => owner.credentials,
        ...change,
      });
    await take({});
    expect(await refusal(openLot(owner.home, 'A1', owner.credentials))).toBe('not-found');
    await take({ groupKeyFile });
    await using open = await openLot(owner.home, 'A1', owner.credentials);
    expect(open.secrets.groupKey()?.length).toBe(64);
  });

  it('refuses a group key that is none', async () => {
    const groupKeyFile = join(owner.path, 'group-key');
    await writeFile(groupKeyFile, 'not base64!');
    expect(await refusal(create({ scheme: 'azure-dps', groupKeyFile }))).toBe('usage');
  });
});

describe('a lot whose root is elsewhere', () => {
  const x509 = { issuing: { type: 'csr' }, subject: 'serial' } as const;

  it('waits for its certificate, and is sealed with the chain that openssl issued', async () => {
    const { csr, lot } = await create({ scheme: 'x509-p256', x509 });
    expect((await listLots(owner.home)).lots[0]?.status).toBe('waits for a certificate');
    expect(await refusal(findLot(owner.home, 'A1'))).toBe('not-found');
    const pem = await issueByOpenssl(owner.path, csr ?? new Uint8Array());
    const done = await certifyLot(owner.home, { lot: 'A1', pem }, owner.credentials);
    expect(done.lotId).toBe(lot.lotId);
    expect(done.x509?.chain).toHaveLength(2);
    expect((await findLot(owner.home, 'A1')).lot).toEqual(done);
    const again = certifyLot(owner.home, { lot: 'A1', pem }, owner.credentials);
    expect(await refusal(again)).toBe('not-found');
  });

  it('refuses a certificate that was issued for another lot, and goes on waiting', async () => {
    await create({ scheme: 'x509-p256', x509 });
    const other = await create({ scheme: 'x509-p256', x509, code: 'A2', serialTemplate: 'B{n:6}' });
    const pem = await issueByOpenssl(owner.path, other.csr ?? new Uint8Array());
    const certified = certifyLot(owner.home, { lot: 'A1', pem }, owner.credentials);
    expect(await refusal(certified)).toBe('certificate-invalid');
    const empty = certifyLot(owner.home, { lot: 'A1', pem: '' }, owner.credentials);
    expect(await refusal(empty)).toBe('certificate-invalid');
    expect((await listLots(owner.home)).lots).toHaveLength(2);
  });
});

async function issueByOpenssl(path: string, csr: Uint8Array): Promise<string> {
  await writeFile(join(path, 'csr.der'), csr);
  const openssl = (command: string): void => {
    execFileSync('openssl', command.split(' '), { cwd: path, stdio: 'pipe' });
  };
  openssl(
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.pem -subj /CN=Root -days 3650',
  );
  openssl(
    'x509 -req -inform DER -in csr.der -CA root.pem -CAkey root.key -copy_extensions copyall -days 3650 -out issuing.pem',
  );
  const parts = ['issuing.pem', 'root.pem'].map((name) => readFile(join(path, name), 'utf8'));
  return (await Promise.all(parts)).join('');
}
