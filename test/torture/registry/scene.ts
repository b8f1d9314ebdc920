import type { FinalState } from './final-state.ts';
import type { History } from './history.ts';

/** What must hold whatever was killed; each name is one promise of docs/reliability.md. */
export const LAWS = [
  'acknowledged-stays',
  'same-answer',
  'one-effect',
  'nothing-unasked',
  'one-owner',
  'decided-once',
  'custody-follows',
  'part-applied',
  'feed-whole',
  'audit-whole',
  'database-sound',
  'comes-to-rest',
  'serves-on',
] as const;
export type Law = (typeof LAWS)[number];

/** A promise that was broken, and by what. */
export interface Violation {
  readonly law: Law;
  readonly what: string;
}

/** What clients saw, and what is left. */
export interface Scene {
  readonly history: History;
  readonly state: FinalState;
}

/** One group of laws: tells of everything that breaks them. */
export type Check = (scene: Scene, add: (law: Law, what: string) => void) => void;

/** The rows by one of their columns. */
export function byKey<Row>(rows: readonly Row[], key: (row: Row) => string): Map<string, Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const list = found.get(key(row));
    if (list) list.push(row);
    else found.set(key(row), [row]);
  }
  return found;
}
