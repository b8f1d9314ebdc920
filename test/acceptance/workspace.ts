import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { certifyIssuingCa } from '../../src/derive/x509/issuing-ca.ts';
import { Home } from '../../src/home/home.ts';
import { loadRoot } from '../../src/job/ca.ts';
import { toPem } from '../../src/kernel/pem.ts';
import type { Lot } from '../../src/model/lot.ts';
import { keyline, ROOT } from './cli.ts';

/** A folder in which every example of the help works, under the key of the published vectors. */
export interface Workspace extends Disposable {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
  /** Another one with the same files; `home: false` leaves out what is kept in KEYLINE_HOME. */
  copy(options?: { readonly home?: boolean }): Workspace;
}

/** The provisioning secret of every workspace: known, so that a leak can be searched for. */
export const KNOWN = JSON.parse(
  readFileSync(join(ROOT, 'fixtures/vectors/keyline-v1.json'), 'utf8'),
) as { readonly provisioningSecret: string; readonly provisioningKey: string };

/** Makes the first workspace by the commands themselves. */
export async function createWorkspace(): Promise<Workspace> {
  const path = mkdtempSync(join(tmpdir(), 'keyline-acceptance-'));
  const workspace = at(path);
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  writeFileSync(join(path, 'identity'), `${identity}\n`, { mode: 0o600 });
  writeFileSync(join(path, 'backup.txt'), `${KNOWN.provisioningSecret}\n`, { mode: 0o600 });
  const lines = [
    `key import backup.txt --label widgets-2026 --recipient ${recipient}`,
    `key export --yes --recipient ${recipient} -o backup.age`,
    'lot create A1 --size 20000 --spare 96 --serial ACME-A1-{n:8} --label-url https://registry.example',
    'lot export A1 -o A1.lot',
    'manifest write A1 --range 0-1999 -o lot.csv',
    `station init --name line-1 --recipient ${recipient} -o station.card`,
    'lot grant A1 --station station.card --range 12288-16383 -o A1.grant',
    `ca create acme --recipient ${recipient}`,
    'lot create C2 --size 10 --serial C2-{n:4}',
    'lot create R1 --size 10 --serial R1-{n:4}',
    `manifest write A1 --range 18000-18001 --with-secrets --recipient ${recipient} -o gang.csv.age`,
    'ledger import gang.log --map serial=SN,result=RES,hardwareId=MAC --allocation gang.csv.age',
    'ledger export -o line-1.ndjson',
    'registry init --admin root --admin-password-file pass',
    'registry backup -o old.backup',
  ];
  const boards = [
    'ACME-A1-00018000,94b97e000001,PASS,1.2',
    'ACME-A1-00018001,94b97e000002,FAIL,1.2',
  ];
  const jig = 'name: bench\npresence: usb\nslots:\n  - { slot: 1, port: { path: /dev/ttyUSB* } }\n';
  writeFileSync(join(path, 'pass'), `${randomBytes(12).toString('hex')}\n`, { mode: 0o600 });
  writeFileSync(join(path, 'jig.yaml'), jig);
  writeFileSync(join(path, 'gang.log'), ['SN,MAC,RES,FW', ...boards, ''].join('\n'));
  const env = workspace.env;
  for (const line of lines) {
    if (line.startsWith('ledger import')) await loseLedger(path, env);
    await make(line, { cwd: path, env });
  }
  await certify(path, workspace.env);
  await makeForeignRoot(path);
  return workspace;
}

function at(path: string): Workspace {
  return {
    path,
    env: { KEYLINE_HOME: join(path, 'home'), KEYLINE_IDENTITY_FILE: join(path, 'identity') },
    copy({ home = true } = {}) {
      const target = mkdtempSync(join(tmpdir(), 'keyline-acceptance-'));
      cpSync(path, target, {
        recursive: true,
        filter: (source) => home || source !== join(path, 'home'),
      });
      return at(target);
    },
    [Symbol.dispose]() {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

async function make(line: string, at: { cwd: string; env: Workspace['env'] }, code = 0) {
  const ran = await keyline(line.split(' '), at);
  if (ran.code === code) return;
  throw new Error(`keyline ${line} ended with ${String(ran.code)}: ${ran.stderr}`);
}

/** Units 8192-12287 of A1 were given to a ledger that is gone; R1.return gives back all of R1. */
async function loseLedger(path: string, env: Workspace['env']): Promise<void> {
  const at = { cwd: path, env };
  const run = '--profile linux-shell --port ./no-device';
  await make(`device write A1 ${run} --range 8192-12287`, at, 4);
  rmSync(join(path, 'home/ledger/ledger.sqlite'));
  await make(`device write R1 ${run}`, at, 4);
  await make('station close R1 --yes -o R1.return', at);
}

/** chain.pem: the answer of an outside CA to C1.csr. */
async function certify(path: string, env: Workspace['env']): Promise<void> {
  const line = 'lot create C1 --scheme x509-p256 --size 100 --serial C1-{n:6} --csr C1.csr --json';
  const { stdout } = await keyline(line.split(' '), { cwd: path, env });
  const { lotId } = (JSON.parse(stdout) as { result: { lot: Lot } }).result.lot;
  const request = new x509.Pkcs10CertificateRequest(readFileSync(join(path, 'C1.csr'), 'utf8'));
  const spki = request.publicKey.rawData;
  const credentials = { identityFile: join(path, 'identity') };
  await using root = await loadRoot(Home.at(join(path, 'home')), 'acme', credentials);
  const chain = await certifyIssuingCa(root, new Uint8Array(spki).slice(-65), {
    name: { lotId, code: 'C1' },
    notBefore: '2026-01-01T00:00:00Z',
  });
  const pem = chain.map((der) => toPem('CERTIFICATE', Buffer.from(der, 'base64')));
  writeFileSync(join(path, 'chain.pem'), pem.join(''));
}

/** root.pem and root.key: a root that was made elsewhere. */
async function makeForeignRoot(path: string): Promise<void> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Elsewhere Root',
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2126-01-01T00:00:00Z'),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  writeFileSync(join(path, 'root.pem'), certificate.toString('pem'));
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  writeFileSync(join(path, 'root.key'), x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'), {
    mode: 0o600,
  });
}
