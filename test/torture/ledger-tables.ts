import type { RawLedger } from './read-ledger.ts';
import type { Replay } from './replay.ts';

/** Where a ledger’s own tables say something else than its events: an index that is neither free nor anybody’s. */
export function compareTables(ledger: RawLedger, replay: Replay): string[] {
  const wrong: string[] = [];
  const indexes = new Set([...ledger.units.keys(), ...replay.units.keys()]);
  for (const index of indexes) {
    const table = ledger.units.get(index);
    const events = replay.units.get(index);
    if (table?.state === events?.state && table?.hardwareId === events?.hardwareId) continue;
    const of = (unit: typeof table): string =>
      unit === undefined ? 'free' : `${unit.state} of ${unit.hardwareId}`;
    wrong.push(`unit ${index}: its events say ${of(events)}, the table ${of(table)}`);
  }
  const free = freeSpans(replay);
  if (JSON.stringify(free) !== JSON.stringify(ledger.free)) {
    wrong.push(`free by the events: ${text(free)}; by the table: ${text(ledger.free)}`);
  }
  return wrong;
}

/** The complement of the units, as [from, end). */
function freeSpans({ units, size }: Replay): [number, number][] {
  const spans: [number, number][] = [];
  let from = 0;
  for (const index of [...units.keys()].sort((a, b) => a - b)) {
    if (index > from) spans.push([from, index]);
    from = index + 1;
  }
  if (from < size) spans.push([from, size]);
  return spans;
}

function text(spans: readonly (readonly [number, number])[]): string {
  return spans.map(([from, end]) => `${from}-${end - 1}`).join(', ');
}
