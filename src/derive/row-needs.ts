import type { RowPart } from '../model/row-template.ts';
import type { UnitNeeds } from '../model/unit.ts';

/** What these parts ask of a unit beyond its secret and keys. */
export function needsOf(parts: readonly RowPart[]): UnitNeeds {
  const values = new Set(parts.map((part) => ('value' in part ? part.value : undefined)));
  return {
    claimCode: values.has('claim_code') || values.has('claim_digest'),
    certificate: values.has('certificate') || values.has('certificate_digest'),
  };
}
