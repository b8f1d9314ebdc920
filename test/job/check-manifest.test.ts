import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Home } from '../../src/home/home.ts';
import { checkManifest } from '../../src/job/check-manifest.ts';
import type { CheckChoices, CheckedManifest } from '../../src/job/check-manifest.ts';
import { ISSUE_CODES } from '../../src/manifest/issue.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/manifests');
const fixture = (name: string): string => join(FIXTURES, name);

/** Checks without a home, so without any key. */
function check(choices: CheckChoices, stdin?: Uint8Array): Promise<CheckedManifest> {
  return checkManifest(choices, {
    home: Home.at(join(FIXTURES, 'no-home')),
    credentials: () => {
      throw new Error('no credentials were to be asked for');
    },
    hasCredentials: false,
    warn: () => undefined,
    ...(stdin && { stdin: blocks(stdin) }),
  });
}

async function* blocks(bytes: Uint8Array, size = 100): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}

/** `code line column` of each issue. */
function places({ issues }: CheckedManifest): string[] {
  return issues.map(({ code, line, column }) => [code, line, column].filter(Boolean).join(' '));
}

const DEFECTS: readonly (readonly [file: string, ...issues: string[]])[] = [
  ['bom.csv', 'bom 1'],
  ['crlf.csv', 'crlf 1'],
  ['unknown-column.csv', 'unknown-column 1 claim_hash', 'wrong-columns 1'],
  ['repeated-column.csv', 'repeated-column 1 endpoint_key', 'wrong-columns 1'],
  ['column-order.csv', 'wrong-columns 1'],
  ['no-header.csv', 'no-header 1'],
  ['header-only.csv', 'no-rows', 'wrong-count'],
  ['not-utf8.csv', 'not-utf8 5'],
  ['ragged-row.csv', 'ragged-row 4'],
  ['blank-line.csv', 'ragged-row 7', 'wrong-count'],
  ['unclosed-quote.csv', 'unclosed-quote 7'],
  ['stray-quote.csv', 'unclosed-quote 7 serial'],
  ['no-last-line-feed.csv', 'truncated-row 13'],
  ['truncated-row.csv', 'truncated-row 13'],
  ['missing-last-row.csv', 'wrong-count'],
  ['index-gap.csv', 'index-gap 6 index', 'wrong-count'],
  ['index-repeat.csv', 'index-repeat 7 index', 'repeated-value 7 endpoint_key', 'wrong-count'],
  ['swapped-rows.csv', 'index-gap 5 index', 'index-repeat 6 index', 'index-gap 7 index'],
  ['extra-row.csv', ...['outside-range 14 index', 'repeated-value 14 endpoint_key', 'wrong-count']],
  ['wrong-type-index.csv', 'wrong-type 3 index'],
  ['wrong-type-endpoint-key.csv', 'wrong-type 3 endpoint_key'],
  ['wrong-type-secret.csv', 'wrong-type 3 endpoint_secret'],
  ['wrong-serial.csv', 'wrong-serial 3 serial'],
  ['copied-credential.csv', 'repeated-value 9 endpoint_key'],
  ['wrong-secret.csv', 'not-committed 8 endpoint_secret'],
  ['foreign-secret.csv', 'not-committed 8 endpoint_secret'],
  ['wrong-claim-digest.csv', 'wrong-claim-digest 8 claim_digest'],
  ['wrong-claim-code.csv', 'wrong-claim-digest 8 claim_digest'],
  ['not-json.ndjson', 'not-json 4'],
  ['repeated-name.ndjson', 'repeated-column 4 index'],
  ['index-as-text.ndjson', 'wrong-type 4 index'],
  ['missing-name.ndjson', 'ragged-row 4'],
  [
    'ed25519-foreign-private-key.csv',
    ...['not-committed 2 private_key', 'not-committed 9 private_key'],
  ],
  [
    'ed25519-foreign-public-key.csv',
    ...['not-committed 2 public_key', 'not-committed 2 private_key'],
    ...['not-committed 9 public_key', 'not-committed 9 private_key'],
  ],
  [
    'p256-foreign-private-key.csv',
    ...['not-committed 2 private_key', 'not-committed 3 private_key'],
  ],
  [
    'x509-foreign-certificate.csv',
    ...['wrong-certificate 2 certificate_digest', 'wrong-certificate 2 certificate'],
    ...['wrong-certificate 15 certificate_digest', 'wrong-certificate 15 certificate'],
  ],
];

/** The sound manifest that a defect was planted in. */
function soundOf(file: string): string {
  if (file.endsWith('.ndjson')) return 'psk.ndjson';
  const sound = ['ed25519', 'p256', 'x509'].find((scheme) => file.startsWith(scheme));
  return `${sound ?? 'psk'}.csv`;
}

describe('a defect of a sealed manifest', () => {
  test.each(DEFECTS)('%s is named with its line and column', async (file, ...issues) => {
    const seal = `${fixture(soundOf(file))}.seal`;
    const checked = await check({ file: fixture(file), seal });
    expect(places(checked)).toEqual([...issues, 'seal-mismatch']);
    expect(checked.issueCount).toBe(issues.length + 1);
  });

  test('an empty file has no rows', async () => {
    const seal = `${fixture('psk.csv')}.seal`;
    expect(places(await check({ file: fixture('empty.csv'), seal }))).toEqual(['no-rows']);
  });

  test('a gzip file that is cut short cannot be read', async () => {
    await expect(check({ file: fixture('cut-short.csv.gz') })).rejects.toMatchObject({
      code: 'manifest-unreadable',
    });
  });
});

describe('a sound manifest', () => {
  test.each(['psk.csv', 'psk.ndjson', 'ed25519.csv', 'p256.csv', 'x509.csv', 'other-lot.csv'])(
    '%s has no defect and leads to its test key',
    async (file) => {
      const checked = await check({ file: fixture(file) });
      expect(places(checked)).toEqual([]);
      expect(checked.sealedBy).toMatchObject({ lotCode: 'TEST', by: 'owner', test: true });
      expect(checked.derived).toBe(false);
    },
  );

  test.each(['psk.csv', 'psk.ndjson', 'ed25519.csv', 'p256.csv', 'x509.csv'])(
    '%s without its seal is read by the formats of its values',
    async (file) => {
      const checked = await check({ file: '-' }, readFileSync(fixture(file)));
      expect(places(checked)).toEqual([]);
      expect(checked.sealedBy).toBeUndefined();
    },
  );

  test('is read through gzip from standard input', async () => {
    const gzip = gzipSync(readFileSync(fixture('psk.csv')));
    const checked = await check({ file: '-', seal: `${fixture('psk.csv')}.seal` }, gzip);
    expect(places(checked)).toEqual([]);
    expect(checked).toMatchObject({ gzip: true, encrypted: false, rows: 12 });
  });
});

describe('a seal', () => {
  const KEY = keyOf('psk.csv');

  test('that leads to the expected key is accepted', async () => {
    expect(places(await check({ file: fixture('psk.csv'), key: KEY }))).toEqual([]);
  });

  test('that leads to another key is no seal of this manifest', async () => {
    const key = 'kp_00000000000000000000000000';
    expect(places(await check({ file: fixture('psk.csv'), key })).slice(0, 2)).toEqual([
      'seal-invalid',
      'not-committed 2 endpoint_secret',
    ]);
  });

  test('of another file does not fit', async () => {
    const seal = `${fixture('ed25519.csv')}.seal`;
    const found = places(await check({ file: fixture('psk.csv'), seal }));
    expect(found).toContain('wrong-columns 1');
    expect(found).toContain('seal-mismatch');
  });

  test('is missed where a key is expected', async () => {
    const checked = await check({ file: '-', key: KEY }, readFileSync(fixture('psk.csv')));
    expect(places(checked)).toEqual(['seal-missing']);
  });

  test('that was named and is not there is an error', async () => {
    const choices = { file: fixture('psk.csv'), seal: fixture('no.seal') };
    await expect(check(choices)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('is refused after any change of a character', async () => {
    const jws = readFileSync(`${fixture('psk.csv')}.seal`, 'latin1').trim();
    const { verifyManifestSeal } = await import('../../src/seals/manifest-seal.ts');
    await fc.assert(
      fc.asyncProperty(fc.nat(jws.length - 1), async (at) => {
        const altered = `${jws.slice(0, at)}${jws[at] === 'A' ? 'B' : 'A'}${jws.slice(at + 1)}`;
        await expect(verifyManifestSeal(altered)).rejects.toMatchObject({ exitCode: 3 });
      }),
      { numRuns: 30 },
    );
  });

  function keyOf(file: string): string {
    const [, payload = ''] = readFileSync(`${fixture(file)}.seal`, 'latin1').split('.');
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return (claims as { provisioningKey: string }).provisioningKey;
  }
});

describe('a sealed manifest', () => {
  const bytes = readFileSync(fixture('psk.csv'));
  const seal = `${fixture('psk.csv')}.seal`;

  test('has a defect after any change of one byte', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, by) => {
          const altered = Uint8Array.from(bytes);
          altered[at] = ((altered[at] ?? 0) + by) & 0xff;
          // An altered first byte may make it look like another kind of file, which is also found.
          expect(await isSound(altered)).toBe(false);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('has a defect after any part was taken out or put in twice', async () => {
    const place = fc.nat(bytes.length - 1);
    await fc.assert(
      fc.asyncProperty(
        place,
        fc.integer({ min: 1, max: 400 }),
        fc.boolean(),
        async (at, n, twice) => {
          const [before, part, after] = [
            bytes.subarray(0, at),
            bytes.subarray(at, at + n),
            bytes.subarray(at + n),
          ];
          const altered = Buffer.concat(twice ? [before, part, part, after] : [before, after]);
          expect(await isSound(altered)).toBe(false);
        },
      ),
      { numRuns: 80 },
    );
  });

  async function isSound(altered: Uint8Array): Promise<boolean> {
    return (await check({ file: '-', seal }, altered)).issueCount === 0;
  }
});

test('each fixture of a defect is in the table', () => {
  const known = DEFECTS.map(([file]) => file);
  expect(known.filter((file) => !existsSync(fixture(file)))).toEqual([]);
});

test('a manifest of many bad rows lists a hundred and counts the rest', async () => {
  const [header = '', row = ''] = readFileSync(fixture('psk.csv'), 'utf8').split('\n');
  const file = Buffer.from(`${header}\n${`${row}\n`.repeat(1000)}`);
  const checked = await check({ file: '-' }, file);
  expect(checked.issues).toHaveLength(100);
  // Each row but the first repeats an index, an endpoint key and a serial.
  expect(checked.issueCount).toBe(999 * 3);
});

test('no message of a defect has a value of the file in it', async () => {
  for (const [file] of DEFECTS) {
    const { issues } = await check({ file: fixture(file), seal: `${fixture(soundOf(file))}.seal` });
    expect(JSON.stringify(issues)).not.toMatch(/es_|ek_|BEGIN/);
  }
});

test('each code of an issue is explained in docs/manifests.md, and no other', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/manifests.md'), 'utf8');
  const [, table = ''] = text.split('| code | meaning |');
  const explained = [...table.matchAll(/`([a-z0-9-]+)`(?=[^|]*\|[^|]*\|\n)/g)].map(
    (found) => found[1],
  );
  expect(explained.sort()).toEqual([...ISSUE_CODES].sort());
});
