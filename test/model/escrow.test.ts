import { expect, it } from 'vitest';
import { escrowState } from '../../src/model/escrow.ts';

const STOCK = { isCancelled: false, hasOpenItem: false, custodyStep: 0 } as const;

it.each([
  ['waiting', STOCK],
  ['offered', { ...STOCK, hasOpenItem: true }],
  ['cancelled', { ...STOCK, isCancelled: true }],
  ['configuring', { ...STOCK, custodyStep: 1 }],
  ['configuring', { ...STOCK, custodyStep: 1, configuredStep: 1 }],
  ['active', { ...STOCK, custodyStep: 1, configuredStep: 1, acknowledgedStep: 1 }],
  // What the device acknowledged for the owner before says nothing of this one.
  ['configuring', { ...STOCK, custodyStep: 2, configuredStep: 1, acknowledgedStep: 1 }],
  // Offered onward while it works for its present owner.
  ['offered', { ...STOCK, hasOpenItem: true, custodyStep: 1, acknowledgedStep: 1 }],
  // An account may configure what it registered itself.
  ['configuring', { ...STOCK, configuredStep: 0 }],
  ['active', { ...STOCK, configuredStep: 0, acknowledgedStep: 0 }],
] as const)('a device is %s with %j', (state, facts) => {
  expect(escrowState(facts)).toBe(state);
});
