import type { Deriver } from './deriver.ts';
import { createFastDeriver } from './fast-deriver.ts';
import { portableDeriver } from './portable-deriver.ts';

/** The fastest deriver that this machine can run; its name says which. */
export function chooseDeriver(): Deriver {
  return createFastDeriver() ?? portableDeriver;
}
