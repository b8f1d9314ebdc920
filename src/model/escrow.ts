import type { Enrollment } from './device-state.ts';

/** Where a device stands on its way to its owner; computed, never stored. */
export const ESCROW_STATES = ['waiting', 'offered', 'configuring', 'active', 'cancelled'] as const;
export type EscrowState = (typeof ESCROW_STATES)[number];

/** How many devices of a set are in each. */
export type EscrowCounts = Readonly<Record<EscrowState, number>>;

/** What is stored of a device that its escrow state follows from. */
export interface EscrowFacts {
  /** The account took it out of escrow. */
  readonly isCancelled: boolean;
  /** A transfer item of it waits for a decision. */
  readonly hasOpenItem: boolean;
  /** Transfers that it went through: 0 in the account that registered it. */
  readonly custodyStep: number;
  /** The step of the newest configuration made for it, or undefined. */
  readonly configuredStep?: number | undefined;
  /** The step of the newest configuration that it has acknowledged, or undefined. */
  readonly acknowledgedStep?: number | undefined;
}

/**
 * `waiting` in the stock of an account that has not configured it, `offered` while an item is open,
 * `configuring` once accepted or configured and until the device acknowledges that step, then `active`.
 */
export function escrowState(facts: EscrowFacts): EscrowState {
  if (facts.isCancelled) return 'cancelled';
  if (facts.hasOpenItem) return 'offered';
  if (facts.acknowledgedStep === facts.custodyStep) return 'active';
  const isConfigured = facts.configuredStep === facts.custodyStep;
  return facts.custodyStep > 0 || isConfigured ? 'configuring' : 'waiting';
}

/** Whether the account may take the device out of escrow: nobody waits for a decision, and it is in no use yet. */
export function mayCancel(state: EscrowState, enrollment: Enrollment): boolean {
  return enrollment !== 'retired' && (state === 'waiting' || state === 'configuring');
}
