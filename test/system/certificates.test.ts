import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatCertificates, parseCertificates } from '../../src/derive/x509/certificate-file.ts';
import { readParts } from '../../src/derive/x509/der-reader.ts';
import { TAG } from '../../src/derive/x509/der.ts';
import { createIssuer } from '../../src/derive/x509/issuer.ts';
import {
  acceptIssuingCertificate,
  certifyIssuingCa,
  makeIssuingCsr,
} from '../../src/derive/x509/issuing-ca.ts';
import { keySigner } from '../../src/derive/x509/root-signer.ts';
import { fromBase64, toHex } from '../../src/kernel/bytes.ts';
import { toPem } from '../../src/kernel/pem.ts';
import { p256Pkcs8 } from '../../src/model/key-encoding.ts';
import { vectorLots } from '../derive/x509/vector-lots.ts';

const [lot] = vectorLots();
const unit = lot?.units[3];
if (!lot || !unit) throw new Error('no vectors');
const NOT_BEFORE = '2024-03-01T08:00:00Z';
const NOT_AFTER = '9999-12-31T23:59:59Z';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-openssl-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const file = (name: string): string => join(folder, name);
const openssl = (...args: readonly string[]): string =>
  execFileSync('openssl', args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** A root that openssl made, on a curve of its own. */
function opensslRoot(curve: string) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: curve });
  writeFileSync(file('root.key'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
  openssl(
    'req',
    '-x509',
    '-new',
    '-key',
    'root.key',
    '-subj',
    '/CN=Root',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
    '-days',
    '3650',
    '-out',
    'root.pem',
  );
  return {
    chain: parseCertificates(readFileSync(file('root.pem'))),
    signer: keySigner(privateKey),
  };
}

function deviceUnder(chain: readonly string[]): Uint8Array {
  const profile = { chain: [...chain], notBefore: NOT_BEFORE, notAfter: NOT_AFTER };
  using key = lot?.issuerKey();
  if (!key || !unit) throw new Error('no vectors');
  using issuer = createIssuer({ ...profile, subject: 'endpoint-key' }, key);
  return issuer.issue({ ...unit, commonName: unit.endpointKey });
}

function verifies(chain: readonly string[]): string {
  const authorities = chain.map((text) => fromBase64(text) ?? new Uint8Array());
  writeFileSync(file('issuing.pem'), formatCertificates(authorities.slice(0, 1)));
  writeFileSync(file('device.pem'), formatCertificates([deviceUnder(chain)]));
  const strict = ['-x509_strict', '-purpose', 'sslclient'];
  return openssl(
    'verify',
    ...strict,
    '-CAfile',
    'root.pem',
    '-untrusted',
    'issuing.pem',
    'device.pem',
  );
}

test.each(['prime256v1', 'secp384r1'])(
  'openssl verifies a device certificate up to its root on %s',
  async (curve) => {
    const name = { lotId: lot.lotId, code: 'A1' };
    const root = opensslRoot(curve);
    const chain = await certifyIssuingCa(root, lot.issuerPoint, { name, notBefore: NOT_BEFORE });
    expect(verifies(chain)).toBe('device.pem: OK\n');
  },
);

test('openssl answers the request of an issuing CA, and its answer is accepted', async () => {
  opensslRoot('prime256v1');
  using key = lot.issuerKey();
  const request = await makeIssuingCsr(key, { lotId: lot.lotId, code: 'A1' });
  writeFileSync(file('ca.csr'), toPem('CERTIFICATE REQUEST', request));
  openssl('req', '-in', 'ca.csr', '-verify', '-noout');
  const files = ['-in', 'ca.csr', '-CA', 'root.pem', '-CAkey', 'root.key', '-CAcreateserial'];
  openssl(
    'x509',
    '-req',
    ...files,
    '-copy_extensions',
    'copyall',
    '-days',
    '365',
    '-out',
    'ca.pem',
  );
  const answer = parseCertificates(readFileSync(file('ca.pem')));
  const root = parseCertificates(readFileSync(file('root.pem')));
  const chain = acceptIssuingCertificate([...answer, ...root], lot.issuerPoint);
  expect(verifies(chain)).toBe('device.pem: OK\n');
});

test('what is signed is byte for byte what openssl ca makes of the same values', async () => {
  const name = { lotId: lot.lotId, code: 'A1' };
  const root = opensslRoot('prime256v1');
  const chain = await certifyIssuingCa(root, lot.issuerPoint, { name, notBefore: NOT_BEFORE });
  using issuerKey = lot.issuerKey();
  const issuerPkcs8 = issuerKey.use((scalar) => p256Pkcs8(scalar, lot.issuerPoint));
  writeFileSync(file('issuing.key'), toPem('PRIVATE KEY', issuerPkcs8));
  writeFileSync(
    file('issuing.pem'),
    formatCertificates([fromBase64(chain[0] ?? '') ?? new Uint8Array()]),
  );
  writeFileSync(file('device.key'), toPem('PRIVATE KEY', p256Pkcs8(unit.scalar, unit.publicPoint)));
  writeFileSync(file('index.txt'), '');
  writeFileSync(file('serial'), `${toHex(unit.serialNumber)}\n`);
  writeFileSync(file('ca.cnf'), CONFIGURATION);
  const subject = ['-utf8', '-subj', `/CN=${unit.endpointKey}`];
  openssl(
    'req',
    '-new',
    '-config',
    'ca.cnf',
    '-key',
    'device.key',
    ...subject,
    '-out',
    'device.csr',
  );
  const dates = ['-startdate', '20240301080000Z', '-enddate', '99991231235959Z'];
  openssl(
    'ca',
    '-batch',
    '-notext',
    '-config',
    'ca.cnf',
    ...dates,
    '-in',
    'device.csr',
    '-out',
    'theirs.pem',
  );
  const [theirs = new Uint8Array()] = parseCertificates(readFileSync(file('theirs.pem')));
  const [statement] = readParts(theirs, TAG.sequence);
  const [ours] = readParts(deviceUnder(chain), TAG.sequence);
  expect(toHex(ours?.raw ?? new Uint8Array())).toBe(toHex(statement?.raw ?? new Uint8Array()));
});

const CONFIGURATION = `
[req]
distinguished_name = name
string_mask = utf8only
[name]
[ca]
default_ca = issuing
[issuing]
database = index.txt
serial = serial
new_certs_dir = .
certificate = issuing.pem
private_key = issuing.key
default_md = sha256
policy = any
x509_extensions = device
[any]
commonName = supplied
[device]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
`;
