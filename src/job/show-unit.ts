import { portableDeriver } from '../derive/portable-deriver.ts';
import { needsOf } from '../derive/row-needs.ts';
import { crockfordFromPerson, equalBytes } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { parseColumn, usualColumns } from '../model/columns.ts';
import { compileRow } from '../model/compile-row.ts';
import { idBytes, parseEndpointKey } from '../model/ids.ts';
import type { EndpointKey } from '../model/ids.ts';
import { lotEnd } from '../model/lot.ts';
import type { Lot } from '../model/lot.ts';
import { intersection } from '../model/range.ts';
import { createRowRenderer } from '../model/render-row.ts';
import type { RowPlan } from '../model/row-template.ts';
import { serialIndex } from '../model/serial-template.ts';
import type { OpenLot } from './open-lot.ts';

/** What a person can name a unit by. */
export const UNIT_NAMES = ['index', 'serial', 'endpoint-key'] as const;
export type UnitName = (typeof UNIT_NAMES)[number];

/** A unit that was named, before an endpoint key has been looked for. */
export type UnitReference = { readonly index: number } | { readonly endpointKey: EndpointKey };

/** A unit's values by their NDJSON names, as a manifest writes them. */
export type UnitReport = Readonly<Record<string, string | number>>;

/**
 * What `text` names in the lot: an endpoint key, an exact serial, or digits as an index. Throws
 * `ambiguous` where two fit and `by` does not decide, `not-found`, and `range-outside-lot` for an
 * index beyond the lot.
 */
export function parseUnit(lot: Lot, text: string, by?: UnitName): UnitReference {
  const found = new Map<UnitName, UnitReference>();
  const endpointKey = endpointKeyFromPerson(text);
  if (endpointKey) found.set('endpoint-key', { endpointKey });
  const bySerial = serialIndex(lot, text);
  if (bySerial !== undefined) found.set('serial', { index: bySerial });
  if (/^\d{1,15}$/.test(text)) found.set('index', { index: Number(text) });
  if (by !== undefined) {
    const reference = found.get(by);
    if (reference) return inside(lot, reference);
    throw notFound(lot, `${by} ${JSON.stringify(text)}`);
  }
  const fitting = [...found].filter(([, reference]) => isInside(lot, reference));
  const [first, second] = fitting;
  if (second) {
    throw new KeylineError('ambiguous', {
      message: `${JSON.stringify(text)} is the ${fitting.map(([name]) => name).join(' and the ')} of units of lot ${lot.code}`,
      hint: `Say which is meant with --by ${fitting.map(([name]) => name).join(' or --by ')}.`,
      facts: { unit: text, by: fitting.map(([name]) => name) },
    });
  }
  if (first) return first[1];
  const index = found.get('index');
  if (index) return inside(lot, index);
  throw notFound(lot, JSON.stringify(text));
}

/**
 * The index of a unit. An endpoint key is looked for in everything that this home can derive of the
 * lot. Throws `not-found`, `interrupted`.
 */
export async function findUnit(
  open: OpenLot,
  reference: UnitReference,
  signal?: AbortSignal,
): Promise<number> {
  if ('index' in reference) return reference.index;
  // Loaded for a search only: one unit is derived sooner than the kernel is compiled.
  const { chooseDeriver } = await import('../derive/choose.ts');
  const deriver = chooseDeriver();
  const wanted = idBytes(reference.endpointKey);
  const whole = { from: 0, count: lotEnd(open.lot) };
  for (const granted of open.secrets.ranges) {
    const range = intersection(granted, whole);
    if (!range) continue;
    for await (const batch of deriver.derive(open, range, signal ? { signal } : {})) {
      for (let at = 0; at < batch.count; at++) {
        if (equalBytes(batch.unit(at).endpointKey, wanted)) return batch.from + at;
      }
    }
  }
  const where = open.by === 'owner' ? 'in' : 'in the granted ranges of';
  throw new KeylineError('not-found', {
    message: `no unit ${where} lot ${open.lot.code} has this endpoint key`,
    hint: 'Check the key, and which lot the unit is of.',
    facts: { endpointKey: reference.endpointKey, lotId: open.lot.lotId },
  });
}

/**
 * The values of one unit, the usual columns of its scheme and its certificate. With `reveal` its
 * secrets too: the caller has entered it in the allocation book before. Throws `outside-grant`.
 */
export async function showUnit(
  open: OpenLot,
  index: number,
  options: { readonly reveal: boolean; readonly signal?: AbortSignal },
): Promise<UnitReport> {
  const { lot } = open;
  const hasCertificate = lot.scheme === 'x509-p256';
  const columns = [
    ...usualColumns(lot.scheme, { model: lot.model !== undefined, secrets: options.reveal }),
    ...(hasCertificate ? [parseColumn('certificate', lot.scheme)] : []),
  ];
  const plan: RowPlan = { format: 'ndjson', columns };
  const parts = compileRow(lot, plan);
  const render = createRowRenderer(parts, lot);
  const range = { from: index, count: 1 };
  const { signal } = options;
  const derived = portableDeriver.derive(open, range, {
    needs: needsOf(parts),
    ...(signal && { signal }),
  });
  for await (const batch of derived) {
    return JSON.parse(render(batch.unit(0))) as UnitReport;
  }
  throw new Error('the deriver made no unit');
}

function endpointKeyFromPerson(text: string): EndpointKey | undefined {
  return /^ek_/i.test(text)
    ? parseEndpointKey(`ek_${crockfordFromPerson(text.slice(3))}`)
    : undefined;
}

function isInside(lot: Lot, reference: UnitReference): boolean {
  return !('index' in reference) || reference.index < lotEnd(lot);
}

function inside(lot: Lot, reference: UnitReference): UnitReference {
  if (isInside(lot, reference)) return reference;
  throw new KeylineError('range-outside-lot', {
    message: `lot ${lot.code} has units 0 to ${lotEnd(lot) - 1}`,
    facts: { end: lotEnd(lot) },
  });
}

function notFound(lot: Lot, what: string): KeylineError {
  return new KeylineError('not-found', {
    message: `lot ${lot.code} has no unit ${what}`,
    hint: 'Name a unit by its endpoint key, its exact serial or its index.',
    facts: { lotId: lot.lotId },
  });
}
