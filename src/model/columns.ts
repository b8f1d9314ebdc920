import { KeylineError } from '../kernel/errors.ts';
import type { Scheme } from './lot.ts';

/** How a value is written. hex, base64 and base64url encode the raw bytes; der is the structure's DER in base64. */
export const FORMATS = ['text', 'hex', 'base64', 'base64url', 'pem', 'der'] as const;
export type Format = (typeof FORMATS)[number];

const ALL: readonly Scheme[] = ['psk', 'ed25519', 'p256', 'x509-p256', 'azure-dps'];
const SHARED_SECRET: readonly Scheme[] = ['psk', 'azure-dps'];
const KEY_PAIR: readonly Scheme[] = ['ed25519', 'p256', 'x509-p256'];
const X509: readonly Scheme[] = ['x509-p256'];

interface Column {
  /** Name in NDJSON. */
  readonly json: string;
  readonly secret: boolean;
  readonly schemes: readonly Scheme[];
  /** The first is the default. */
  readonly formats: readonly Format[];
  /** Written when no columns are named. */
  readonly usual: boolean;
}

/** Every column of a manifest, in the order in which they stand when none are named. docs/shapes.md explains each. */
export const COLUMNS = {
  index: column('index', ALL, ['text']),
  serial: column('serial', ALL, ['text']),
  endpoint_key: column('endpointKey', ALL, ['text', 'hex', 'base64', 'base64url']),
  public_key: column('publicKey', KEY_PAIR, ['der', 'pem', 'hex', 'base64', 'base64url']),
  certificate: column(
    'certificate',
    X509,
    ['der', 'pem', 'hex', 'base64', 'base64url'],
    'on request',
  ),
  certificate_digest: column('certificateDigest', X509, ['hex', 'base64', 'base64url']),
  claim_digest: column('claimDigest', ALL, ['hex', 'base64', 'base64url']),
  model: column('model', ALL, ['text']),
  endpoint_secret: column(
    'endpointSecret',
    SHARED_SECRET,
    ['text', 'hex', 'base64', 'base64url'],
    'secret',
  ),
  private_key: column(
    'privateKey',
    KEY_PAIR,
    ['text', 'hex', 'base64', 'base64url', 'pem', 'der'],
    'secret',
  ),
  claim_code: column('claimCode', ALL, ['text', 'hex', 'base64', 'base64url'], 'secret'),
} as const satisfies Record<string, Column>;

export type ColumnName = keyof typeof COLUMNS;
export const COLUMN_NAMES = Object.keys(COLUMNS) as ColumnName[];

/** One column of one manifest. */
export interface ColumnChoice {
  readonly name: ColumnName;
  readonly format: Format;
}

/** `name`, or `name:format` where the format is not the column's default; the form in seals and in `--columns`. */
export function formatColumn(choice: ColumnChoice): string {
  const isDefault = COLUMNS[choice.name].formats[0] === choice.format;
  return isDefault ? choice.name : `${choice.name}:${choice.format}`;
}

/**
 * Parses `name` or `name:format`. Throws `invalid-columns` for a name, a format or a combination
 * that the table does not have, or a column that the scheme does not make.
 */
export function parseColumn(text: string, scheme?: Scheme): ColumnChoice {
  const [name = '', format] = text.split(':', 2);
  if (!isColumnName(name)) throw invalid(`there is no column ${JSON.stringify(name)}`);
  const { formats, schemes }: Column = COLUMNS[name];
  if (scheme && !schemes.includes(scheme)) throw invalid(`scheme ${scheme} has no ${name}`);
  const chosen = format === undefined ? formats[0] : formats.find((known) => known === format);
  if (chosen === undefined) {
    throw invalid(
      `${name} cannot be written as ${JSON.stringify(format)}, only ${formats.join(', ')}`,
    );
  }
  return { name, format: chosen };
}

/** Parses a whole list; a column may stand in it once. */
export function parseColumns(texts: readonly string[], scheme?: Scheme): ColumnChoice[] {
  const choices = texts.map((text) => parseColumn(text, scheme));
  const names = choices.map((choice) => choice.name);
  const repeated = names.find((name, at) => names.indexOf(name) !== at);
  if (repeated !== undefined) throw invalid(`column ${repeated} is named twice`);
  if (choices.length === 0) throw invalid('no column is named');
  return choices;
}

/** The columns written when none are named: the scheme's public ones, and its secret ones on request. */
export function usualColumns(
  scheme: Scheme,
  options: { readonly model: boolean; readonly secrets: boolean },
): ColumnChoice[] {
  return COLUMN_NAMES.filter((name) => {
    const entry: Column = COLUMNS[name];
    if (!entry.usual || !entry.schemes.includes(scheme)) return false;
    if (entry.secret && !options.secrets) return false;
    return name !== 'model' || options.model;
  }).map((name) => parseColumn(name));
}

/** True for a name of the table. */
export function isColumnName(text: string): text is ColumnName {
  return Object.hasOwn(COLUMNS, text);
}

/** True when a value of this column must be kept from others. */
export function isSecret(choice: ColumnChoice): boolean {
  return COLUMNS[choice.name].secret;
}

function column(
  json: string,
  schemes: readonly Scheme[],
  formats: readonly Format[],
  kind: 'public' | 'secret' | 'on request' = 'public',
): Column {
  return { json, schemes, formats, secret: kind === 'secret', usual: kind !== 'on request' };
}

function invalid(message: string): KeylineError {
  return new KeylineError('invalid-columns', { message });
}
