import type { StationEvent, StationTally } from './station-event.ts';

/** Counts that grow with the events of a run. */
export type StationCounts = {
  -readonly [K in keyof Omit<StationTally, 'interrupted'>]: StationTally[K];
};

/** Nothing counted yet. */
export function noCounts(): StationCounts {
  return { passed: 0, checked: 0, failed: 0, firstPass: 0 };
}

/** Adds an event to the counts. A device that is tried again or was interrupted is not counted yet. */
export function countEvent(counts: StationCounts, event: StationEvent): void {
  if (event.type === 'passed') {
    if (event.unit.kind === 'checked') {
      counts.checked += 1;
      return;
    }
    counts.passed += 1;
    if (event.unit.attempt === 1) counts.firstPass += 1;
  } else if (event.type === 'failed' && event.undoesPass) {
    counts.passed -= 1;
    if (event.unit.attempt === 1) counts.firstPass -= 1;
    counts.failed += 1;
  } else if (event.type === 'failed' && !event.again && event.unit.code !== 'interrupted') {
    counts.failed += 1;
  }
}
