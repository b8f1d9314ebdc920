import { expect } from 'vitest';
import { createFastDeriver } from '../../src/derive/fast-deriver.ts';
import { describeDeriver } from './deriver-contract.ts';

const fast = createFastDeriver();
// The build makes the kernel, and every platform that is tested has SIMD.
expect(fast).toBeDefined();
if (fast) describeDeriver(fast);
