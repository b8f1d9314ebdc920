import { openRowSource } from '../../src/derive/rows.ts';
import { describeRowSource } from './row-source-contract.ts';

describeRowSource('rows by the kernel on two workers', () =>
  openRowSource({ engine: 'fast', workers: 2 }),
);
describeRowSource('rows by @noble on one worker', () =>
  openRowSource({ engine: 'portable', workers: 1 }),
);
