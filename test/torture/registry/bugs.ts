import type { Law } from './scene.ts';

/** A defect: which of the product’s modules it stands in the place of, and the laws of which one must find it. */
interface Planted {
  readonly replaces: readonly string[];
  readonly laws: readonly Law[];
}

const STORE = 'src/service/store';
const UPLOADS = 'src/service/uploads';

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
  'decided-again': {
    replaces: [`${STORE}/transfer-decision.ts`],
    laws: ['decided-once', 'custody-follows'],
  },
  'withdrawn-and-accepted': {
    replaces: [`${STORE}/transfer-decision.ts`],
    laws: ['decided-once', 'custody-follows'],
  },
  'event-outside': {
    replaces: [`${STORE}/run-change.ts`],
    laws: ['feed-whole'],
  },
  'audit-skipped': {
    replaces: [`${STORE}/records.ts`],
    laws: ['audit-whole'],
  },
  'part-counted': {
    replaces: [`${UPLOADS}/commit-upload.ts`, `${STORE}/register-rows.ts`],
    laws: ['part-applied', 'acknowledged-stays'],
  },
  'custody-skipped': {
    replaces: [`${STORE}/transfer-rows.ts`],
    laws: ['custody-follows'],
  },
  'owned-by-both': {
    replaces: [`${STORE}/transfer-rows.ts`],
    laws: ['one-owner'],
  },
} as const satisfies Record<string, Planted>;
export type Bug = keyof typeof BUGS;
