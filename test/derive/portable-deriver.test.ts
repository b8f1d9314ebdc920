import { portableDeriver } from '../../src/derive/portable-deriver.ts';
import { describeDeriver } from './deriver-contract.ts';

describeDeriver(portableDeriver);
