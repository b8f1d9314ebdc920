/**
 * What can become of a row, as one byte each: its place here. Places are kept in the database, so that
 * new ones come at the end. After the first three a row is `invalid`, and this is why.
 */
export const ROW_OUTCOMES = [
  'created',
  'unchanged',
  'conflict',
  'row-malformed',
  'index-outside',
  'serial-wrong',
  'endpoint-key-wrong',
  'value-wrong',
] as const;
export type RowOutcome = (typeof ROW_OUTCOMES)[number];

/** How many rows of an upload became what. */
export interface OutcomeCounts {
  readonly created: number;
  readonly unchanged: number;
  readonly conflict: number;
  readonly invalid: number;
}

/** As it is kept. */
export function outcomeByte(outcome: RowOutcome): number {
  return ROW_OUTCOMES.indexOf(outcome);
}

/** As it is told: `created`, `unchanged`, `conflict`, or `invalid` with the reason. */
export function describeOutcome(byte: number): {
  readonly outcome: keyof OutcomeCounts;
  readonly reason?: RowOutcome;
} {
  const outcome = ROW_OUTCOMES[byte] ?? 'row-malformed';
  if (outcome === 'created' || outcome === 'unchanged' || outcome === 'conflict')
    return { outcome };
  return { outcome: 'invalid', reason: outcome };
}

/** Counts the rows of parts. */
export function countOutcomes(parts: readonly Uint8Array[]): OutcomeCounts {
  const counts = new Array<number>(ROW_OUTCOMES.length).fill(0);
  for (const bytes of parts) for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
  const [created = 0, unchanged = 0, conflict = 0, ...invalid] = counts;
  return { created, unchanged, conflict, invalid: invalid.reduce((a, b) => a + b, 0) };
}
