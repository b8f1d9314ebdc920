import { expect, test } from 'vitest';
import {
  COLUMN_NAMES,
  COLUMNS,
  formatColumn,
  isSecret,
  parseColumn,
  parseColumns,
  usualColumns,
} from '../../src/model/columns.ts';
import { SCHEMES } from '../../src/model/lot.ts';

test('every column and format is parsed from the text that it formats to', () => {
  for (const name of COLUMN_NAMES) {
    for (const format of COLUMNS[name].formats) {
      const choice = parseColumn(`${name}:${format}`);
      expect(parseColumn(formatColumn(choice))).toEqual(choice);
    }
  }
});

test.each(SCHEMES)('no usual column of %s is secret unless secrets are asked for', (scheme) => {
  expect(usualColumns(scheme, { model: true, secrets: false }).filter(isSecret)).toEqual([]);
  const secret = usualColumns(scheme, { model: false, secrets: true }).filter(isSecret);
  expect(secret.map(formatColumn)).toContain(
    scheme === 'psk' || scheme === 'azure-dps' ? 'endpoint_secret' : 'private_key',
  );
});

test.each([
  ['an unknown column', ['serail']],
  ['a format the column has not', ['endpoint_key:pem']],
  ['a format that does not exist', ['endpoint_key:base58']],
  ['an inherited property', ['toString']],
  ['a column twice', ['serial', 'serial']],
  ['a column twice in two formats', ['endpoint_key', 'endpoint_key:hex']],
  ['no column', []],
  ['a column of another scheme', ['certificate']],
])('%s is refused', (_what, texts) => {
  expect(() => parseColumns(texts, 'psk')).toThrow(
    expect.objectContaining({ code: 'invalid-columns' }),
  );
});
