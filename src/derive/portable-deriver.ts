import { createDeriver } from './deriver.ts';
import type { Deriver } from './deriver.ts';
import { openPortablePrimitives } from './portable-primitives.ts';

/** Derives with @noble alone: runs wherever JavaScript does, 0.2 M psk units/s on one thread. */
export const portableDeriver: Deriver = createDeriver('portable', openPortablePrimitives);
