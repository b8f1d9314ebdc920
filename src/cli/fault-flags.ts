import { Flags } from '@oclif/core';
import { countFlag, noDefaultHelp } from './flags.ts';

/** What goes wrong with simulated devices, and how many come. */
export const faultFlags = {
  fault: Flags.string({
    helpValue: 'SLOT=FAULT,…',
    multiple: true,
    default: [],
    defaultHelp: noDefaultHelp,
    summary: 'What goes wrong in a slot.',
  }),
  autoload: Flags.boolean({ summary: 'Put a fresh device in place of one that was verified.' }),
  limit: countFlag({ summary: 'Devices to be put in, in all.', dependsOn: ['autoload'] }),
};
