import { describePortContract } from './port-contract.ts';
import { ptyRig } from './pty-rig.ts';

describePortContract('serial', () => ptyRig());
