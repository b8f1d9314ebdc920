import type { DeriveSource } from '../../src/derive/derive-source.ts';
import { portableDeriver } from '../../src/derive/portable-deriver.ts';
import { compileRow } from '../../src/model/compile-row.ts';
import type { Range } from '../../src/model/range.ts';
import { createRowRenderer } from '../../src/model/render-row.ts';
import type { RowPlan } from '../../src/model/row-template.ts';
import type { Unit } from '../../src/model/unit.ts';

/** A range's units by the portable deriver, which a suite of its own holds to other sources. */
export async function portableUnits(source: DeriveSource, range: Range): Promise<Unit[]> {
  const needs = { claimCode: true, certificate: source.lot.x509 !== undefined };
  const units: Unit[] = [];
  for await (const batch of portableDeriver.derive(source, range, { needs })) {
    for (let position = 0; position < batch.count; position++) {
      units.push(structuredClone(batch.unit(position)));
    }
  }
  return units;
}

/** Their rows by the portable renderer, which is held to csv-stringify and JSON.stringify. */
export function portableRows({ lot }: DeriveSource, units: readonly Unit[], plan: RowPlan): string {
  return units.map(createRowRenderer(compileRow(lot, plan), lot)).join('');
}
