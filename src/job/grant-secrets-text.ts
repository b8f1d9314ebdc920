import { chooseDeriver } from '../derive/choose.ts';
import { toBase64, toBase64Url } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { blocksOf } from '../model/grant-secrets.ts';
import type { GrantSecretsJson } from '../model/grant-secrets.ts';
import { lotEnd } from '../model/lot.ts';
import { intersection } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import type { Unit } from '../model/unit.ts';
import type { OpenLot } from './open-lot.ts';

/** A grant's tables are one JSON text; with certificates of about 0.6 kB this is some 110 MB of it. */
const MAX_TABLE_UNITS = 131_072;
/** 16,384 blocks, about 1 MB: more units than a line makes while a grant lasts. */
const MAX_UNITS = 67_108_864;

/**
 * The secrets of a grant of whole blocks as JSON text: block secrets, and what a station cannot
 * derive from them: certificates or the CA key, and device keys. Throws `usage` for a range that is
 * too large for one grant.
 */
export async function grantSecretsText(
  open: OpenLot,
  range: Range,
  options: { readonly issue: boolean; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const { lot, secrets } = open;
  const units = intersection(range, { from: 0, count: lotEnd(lot) });
  if (!units) throw new Error('the range was checked to be in the lot');
  if (options.issue && lot.scheme !== 'x509-p256') {
    throw new KeylineError('usage', {
      message: `--issue is for lots with certificates; lot ${lot.code} is ${lot.scheme}`,
    });
  }
  const kind = tableOf(open, options.issue);
  requireFits(units.count, kind === undefined ? MAX_UNITS : MAX_TABLE_UNITS);
  const blocks: Record<string, string> = {};
  for (const block of blocksOf([range])) {
    using secret = secrets.blockSecret(block);
    blocks[String(block)] = secret.use(toBase64Url);
  }
  const entries = kind && (await tabulate(open, units, { kind, signal: options.signal }));
  using issuerKey = options.issue ? secrets.issuerKey() : undefined;
  const json: GrantSecretsJson = {
    blocks,
    ...(kind && entries && { [kind]: entries }),
    ...(issuerKey && { issuerKey: issuerKey.use(toBase64Url) }),
  };
  return JSON.stringify(json);
}

type Table = 'certificates' | 'deviceKeys';

function tableOf({ lot }: OpenLot, issue: boolean): Table | undefined {
  if (lot.scheme === 'azure-dps') return 'deviceKeys';
  return lot.scheme === 'x509-p256' && !issue ? 'certificates' : undefined;
}

async function tabulate(
  source: OpenLot,
  units: Range,
  by: { readonly kind: Table; readonly signal: AbortSignal | undefined },
): Promise<Record<string, string>> {
  const entries: Record<string, string> = {};
  const needs = { certificate: by.kind === 'certificates' };
  const options = { needs, ...(by.signal && { signal: by.signal }) };
  for await (const batch of chooseDeriver().derive(source, units, options)) {
    for (let at = 0; at < batch.count; at++) {
      const unit = batch.unit(at);
      entries[String(unit.index)] = toBase64(valueOf(unit, by.kind));
    }
  }
  return entries;
}

function valueOf(unit: Unit, kind: Table): Uint8Array {
  if (kind === 'deviceKeys') return unit.secret;
  if (!unit.certificate) throw new Error('the deriver made no certificate');
  return unit.certificate;
}

function requireFits(count: number, limit: number): void {
  if (count <= limit) return;
  throw new KeylineError('usage', {
    message: `a grant of this scheme has at most ${limit} units, not ${count}`,
    hint: 'Make several grants: a station joins those of one lot.',
    facts: { count, limit },
  });
}
