import { openRowSource } from '../../src/derive/rows.ts';
import { describeRowSource } from './row-source-contract.ts';

describeRowSource('rows by the kernel in this thread', () =>
  openRowSource({ engine: 'fast', workers: 0 }),
);
describeRowSource('rows by @noble in this thread', () =>
  openRowSource({ engine: 'portable', workers: 0 }),
);
