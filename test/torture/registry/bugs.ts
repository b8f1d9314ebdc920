import type { Law } from './scene.ts';

/** A defect: which of the product’s modules it stands in the place of, and the laws of which one must find it. */
interface Planted {
  readonly replaces: readonly string[];
  readonly laws: readonly Law[];
}

const STORE = 'src/service/store';

/** Every defect that is planted; each is a module of its name in planted/. */
export const BUGS = {
  'told-before-commit': {
    replaces: [`${STORE}/run-change.ts`],
    laws: ['acknowledged-stays', 'decided-once', 'one-effect', 'audit-whole', 'feed-whole'],
  },
  'key-forgotten': {
    replaces: [`${STORE}/idempotency.ts`],
    laws: ['one-effect', 'same-answer'],
  },
} as const satisfies Record<string, Planted>;
export type Bug = keyof typeof BUGS;
