import { badInput } from './bad-input.ts';
import { ServiceRig } from './rig.ts';

badInput('SQLite', () => ServiceRig.start());
