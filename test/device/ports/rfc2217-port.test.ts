import { describePortContract } from './port-contract.ts';
import { rfc2217Rig } from './rfc2217-rig.ts';

describePortContract('rfc2217', () => rfc2217Rig());
