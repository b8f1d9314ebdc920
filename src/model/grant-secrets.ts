import { createHash } from 'node:crypto';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { Check } from 'typebox/value';
import { fromBase64, fromBase64Url } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { Secret } from '../kernel/secret.ts';
import type { LotSecrets } from './lot-secrets.ts';
import { throwOutsideGrant } from './outside-grant.ts';
import { lotEnd } from './lot.ts';
import type { Lot } from './lot.ts';
import { blockOf, BLOCK_UNITS, intersection, rangeEnd } from './range.ts';
import type { Range } from './range.ts';

const closed = { additionalProperties: false } as const;
const DECIMAL = '^(0|[1-9][0-9]{0,14})$';
const table = (value: string) =>
  Type.Record(Type.String({ pattern: DECIMAL }), Type.String({ pattern: value }), closed);

/** The secret half of a grant, as JSON. Tables are keyed by block number or unit index in decimal. */
export const GrantSecretsSchema = Type.Object(
  {
    /** Block number to its 32-byte secret, base64url. */
    blocks: table('^[A-Za-z0-9_-]{43}$'),
    /** x509-p256 without the CA key: index to certificate DER, base64. */
    certificates: Type.Optional(table('^[A-Za-z0-9+/]+={0,2}$')),
    /** x509-p256 with `--issue`: the lot's issuing CA key, a 32-byte scalar, base64url. */
    issuerKey: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' })),
    /** azure-dps: index to 32-byte device key, base64. */
    deviceKeys: Type.Optional(table('^[A-Za-z0-9+/]{43}=$')),
  },
  closed,
);
export type GrantSecretsJson = Static<typeof GrantSecretsSchema>;

/** SHA-256 of the secrets' text in UTF-8, hexadecimal: what a grant statement commits to. */
export function secretsDigest(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** The blocks of whole-block ranges, ascending. */
export function* blocksOf(ranges: readonly Range[]): Generator<number> {
  for (const range of ranges) {
    for (let block = blockOf(range.from); block * BLOCK_UNITS < rangeEnd(range); block++)
      yield block;
  }
}

/**
 * What a grant's secrets text derives. Throws `grant-altered` when it is not the text that the
 * statement commits to, `grant-invalid` when it is not what its ranges and scheme need. `text`
 * stays in the engine's memory until it is collected; that is best effort, as all of zeroing.
 */
export function grantSecrets(
  grant: { readonly lot: Lot; readonly ranges: readonly Range[]; readonly secretsDigest: string },
  text: string,
): LotSecrets {
  if (secretsDigest(text) !== grant.secretsDigest) {
    throw new KeylineError('grant-altered', { message: 'the secrets are not those of this grant' });
  }
  const { blocks, certificates, issuerKey, deviceKeys } = parse(text);
  const held = new Map<number, Secret>();
  for (const block of blocksOf(grant.ranges)) {
    const bytes = fromBase64Url(blocks[String(block)] ?? '');
    if (bytes?.length !== 32) throw invalid('lacks a block of its ranges');
    held.set(block, Secret.take(bytes));
  }
  if (held.size !== Object.keys(blocks).length) throw invalid('holds blocks beyond its ranges');
  const issuer = issuerKey === undefined ? undefined : secretOf(fromBase64Url(issuerKey));
  requireTables(grant, { certificates, issuerKey, deviceKeys });
  return {
    ranges: grant.ranges,
    blockSecret: (block) => (held.get(block) ?? throwOutsideGrant(block, grant.ranges)).clone(),
    issuerKey: () => issuer?.clone(),
    certificate: (index) => bytesOf(certificates?.[String(index)]),
    groupKey: () => undefined,
    deviceKey(index) {
      const key = deviceKeys?.[String(index)];
      return key === undefined ? undefined : secretOf(fromBase64(key));
    },
    [Symbol.dispose]() {
      for (const secret of held.values()) secret[Symbol.dispose]();
      issuer?.[Symbol.dispose]();
    },
  };
}

function parse(text: string): GrantSecretsJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('has secrets that cannot be read');
  }
  if (!Check(GrantSecretsSchema, value)) throw invalid('has secrets of another shape');
  return value;
}

interface Tables {
  readonly certificates: Readonly<Record<string, string>> | undefined;
  readonly issuerKey: string | undefined;
  readonly deviceKeys: Readonly<Record<string, string>> | undefined;
}

/** A scheme's table must name every unit of the ranges that the lot has, and nothing else. */
function requireTables(
  grant: { readonly lot: Lot; readonly ranges: readonly Range[] },
  tables: Tables,
): void {
  const { scheme } = grant.lot;
  const x509 = scheme === 'x509-p256';
  const byTable = x509 && tables.issuerKey === undefined;
  if (
    (tables.issuerKey !== undefined && !x509) ||
    (tables.certificates !== undefined) !== byTable
  ) {
    throw invalid('has not the certificates that its scheme needs');
  }
  if ((tables.deviceKeys !== undefined) !== (scheme === 'azure-dps')) {
    throw invalid('has not the device keys that its scheme needs');
  }
  const whole = { from: 0, count: lotEnd(grant.lot) };
  const units = grant.ranges.map((range) => intersection(range, whole)?.count ?? 0);
  const count = units.reduce((sum, some) => sum + some, 0);
  for (const entries of [tables.certificates, tables.deviceKeys]) {
    if (entries === undefined) continue;
    const indexes = Object.keys(entries).map(Number);
    const inside = (index: number): boolean =>
      index < lotEnd(grant.lot) &&
      grant.ranges.some((range) => index >= range.from && index < rangeEnd(range));
    if (indexes.length !== count || !indexes.every(inside)) {
      throw invalid('has a table of other units than its ranges');
    }
  }
}

function bytesOf(base64: string | undefined): Uint8Array | undefined {
  return base64 === undefined ? undefined : fromBase64(base64);
}

function secretOf(bytes: Uint8Array | undefined): Secret {
  if (bytes?.length !== 32) throw invalid('has a secret of another length');
  return Secret.take(bytes);
}

function invalid(what: string): KeylineError {
  return new KeylineError('grant-invalid', { message: `the grant ${what}` });
}
