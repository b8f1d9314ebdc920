import { describePortContract } from './port-contract.ts';
import { memoryRig } from './memory-rig.ts';

describePortContract('memory', () => memoryRig());
