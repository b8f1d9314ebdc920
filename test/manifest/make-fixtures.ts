/**
 * Makes fixtures/manifests: `npx tsx test/manifest/make-fixtures.ts`. The files are committed, so that
 * a change of the code cannot change what it is tested with. The keys are throw-away keys of a seed
 * of zeros; each defect is made by an edit of a sound manifest, without the code under test.
 */
import { gzipSync } from 'node:zlib';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BATCH_TIME, openBatch } from '../../src/job/make-batch.ts';
import { writeManifest } from '../../src/job/write-manifest.ts';
import type { Scheme } from '../../src/model/lot.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/manifests');
const at = (name: string): string => join(FOLDER, name);

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
writeFileSync(at('seed'), Buffer.alloc(32));

async function make(
  name: string,
  scheme: Scheme,
  options: { columns?: string; format?: 'csv' | 'ndjson'; count?: number } = {},
): Promise<void> {
  const { columns, format = 'csv', count = 12 } = options;
  await using open = await openBatch({ count, scheme, seedFile: at('seed') });
  const choices = {
    ...{ withSecrets: true, format, gzip: false, recipients: [], plaintext: true, force: true },
    ...{ output: at(name), columns: columns?.split(',') },
  };
  await writeManifest(open, choices, { sealedAt: BATCH_TIME, workers: 0 });
}

await make('psk.csv', 'psk');
await make('psk.ndjson', 'psk', { format: 'ndjson' });
await make('other-lot.csv', 'azure-dps');
await make('ed25519.csv', 'ed25519', {
  columns: 'index,serial,endpoint_key,public_key:pem,private_key:pem',
});
await make('p256.csv', 'p256', { columns: 'index,serial,endpoint_key,public_key,private_key:der' });
await make('x509.csv', 'x509-p256', {
  columns: 'serial,endpoint_key,certificate:pem,certificate_digest,private_key',
  count: 3,
});

const psk = readFileSync(at('psk.csv'), 'utf8').split('\n').slice(0, -1);
const ndjson = readFileSync(at('psk.ndjson'), 'utf8').split('\n').slice(0, -1);
const text = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

/** The lines with one of them, counted as in the file, changed. */
function edit(lines: readonly string[], line: number, change: (text: string) => string): string[] {
  return lines.map((old, index) => (index === line - 1 ? change(old) : old));
}

/** One field of a CSV line changed. */
function field(place: number, change: (text: string) => string): (line: string) => string {
  return (line) => edit(line.split(','), place + 1, change).join(',');
}

/** The character at this place replaced by another one of its alphabet. */
function flip(place: number): (text: string) => string {
  return (old) => old.slice(0, place) + (old[place] === '4' ? '5' : '4') + old.slice(place + 1);
}

const fieldOf = (line: number, place: number): string => psk[line - 1]?.split(',')[place] ?? '';

const defects: Record<string, string | Buffer> = {
  'bom.csv': `\ufeff${text(psk)}`,
  'crlf.csv': `${psk.join('\r\n')}\r\n`,
  'empty.csv': '',
  'header-only.csv': text(psk.slice(0, 1)),
  'no-header.csv': text(psk.slice(1)),
  'unknown-column.csv': text(edit(psk, 1, (line) => line.replace('claim_digest', 'claim_hash'))),
  'repeated-column.csv': text(edit(psk, 1, (line) => line.replace('claim_code', 'endpoint_key'))),
  'column-order.csv': text(psk.map((line) => line.replace(/^([^,]*),([^,]*)/, '$2,$1'))),
  'not-utf8.csv': Buffer.from(
    text(
      edit(
        psk,
        5,
        field(1, () => 'test-\u00e9'),
      ),
    ),
    'latin1',
  ),
  'ragged-row.csv': text(edit(psk, 4, (line) => line.replace(/,[^,]*$/, ''))),
  'blank-line.csv': text([...psk.slice(0, 6), '', ...psk.slice(6)]),
  'unclosed-quote.csv': text(
    edit(
      psk,
      7,
      field(1, (old) => `"${old}`),
    ),
  ),
  'stray-quote.csv': text(
    edit(
      psk,
      7,
      field(1, (old) => `"${old}"x`),
    ),
  ),
  'no-last-line-feed.csv': psk.join('\n'),
  'truncated-row.csv': psk.join('\n').slice(0, -40),
  'missing-last-row.csv': text(psk.slice(0, -1)),
  'index-gap.csv': text(psk.filter((_, index) => index !== 5)),
  'index-repeat.csv': text([...psk.slice(0, 6), psk[5] ?? '', ...psk.slice(6)]),
  'swapped-rows.csv': text([...psk.slice(0, 4), psk[5] ?? '', psk[4] ?? '', ...psk.slice(6)]),
  'extra-row.csv': text([...psk, (psk[12] ?? '').replace(/^11,test-00000011/, '12,test-00000012')]),
  'wrong-type-index.csv': text(
    edit(
      psk,
      3,
      field(0, () => '01'),
    ),
  ),
  'wrong-type-endpoint-key.csv': text(
    edit(
      psk,
      3,
      field(2, (old) => old.toUpperCase()),
    ),
  ),
  'wrong-type-secret.csv': text(
    edit(
      psk,
      3,
      field(4, (old) => old.slice(0, -1)),
    ),
  ),
  'wrong-serial.csv': text(
    edit(
      psk,
      3,
      field(1, () => 'test-00000002'),
    ),
  ),
  'copied-credential.csv': text(
    edit(psk, 9, (line) => line.replace(/ek_.*/, /ek_.*/.exec(psk[3] ?? '')?.[0] ?? '')),
  ),
  'wrong-secret.csv': text(edit(psk, 8, field(4, flip(10)))),
  'foreign-secret.csv': text(
    edit(
      psk,
      8,
      field(4, () => fieldOf(9, 4)),
    ),
  ),
  'wrong-claim-digest.csv': text(edit(psk, 8, field(3, flip(10)))),
  'wrong-claim-code.csv': text(edit(psk, 8, field(5, flip(3)))),
  'not-json.ndjson': text(edit(ndjson, 4, (line) => line.slice(0, -1))),
  'repeated-name.ndjson': text(
    edit(ndjson, 4, (line) => line.replace('{"index":3', '{"index":9,"index":3')),
  ),
  'index-as-text.ndjson': text(edit(ndjson, 4, (line) => line.replace(':3,', ':"3",'))),
  'missing-name.ndjson': text(edit(ndjson, 4, (line) => line.replace(/,"claimCode":"[^"]*"/, ''))),
  'cut-short.csv.gz': gzipSync(text(psk)).subarray(0, -20),
};
for (const [name, content] of Object.entries(defects)) writeFileSync(at(name), content);

const [ed25519 = '', p256 = '', x509 = ''] = ['ed25519.csv', 'p256.csv', 'x509.csv'].map((name) =>
  readFileSync(at(name), 'utf8'),
);
writeFileSync(
  at('ed25519-foreign-private-key.csv'),
  swapMatches(ed25519, /-----BEGIN PRIVATE[^"]*/g),
);
writeFileSync(
  at('ed25519-foreign-public-key.csv'),
  swapMatches(ed25519, /-----BEGIN PUBLIC[^"]*/g),
);
writeFileSync(at('p256-foreign-private-key.csv'), swapMatches(p256, /MIGHAgEA[^\n]*/g));
writeFileSync(at('x509-foreign-certificate.csv'), swapMatches(x509, /-----BEGIN CERT[^"]*/g));

/** The text with its first two matches in each other's place. */
function swapMatches(content: string, pattern: RegExp): string {
  const [first = '', second = ''] = content.match(pattern) ?? [];
  return content.replace(first, '\0').replace(second, first).replace('\0', second);
}
