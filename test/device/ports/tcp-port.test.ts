import { describePortContract } from './port-contract.ts';
import { tcpRig } from './tcp-rig.ts';

describePortContract('tcp', () => tcpRig());
