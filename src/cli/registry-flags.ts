import { Flags } from '@oclif/core';

/** Which registry a command makes or serves. */
export const registryFlags = {
  database: Flags.string({
    helpValue: 'PLACE',
    env: 'KEYLINE_REGISTRY_DATABASE',
    default: 'registry.sqlite',
    summary: 'A file, or postgres://USER@HOST/NAME (password: PGPASSWORD).',
  }),
  'master-key-file': Flags.string({
    helpValue: 'FILE',
    default: 'registry.key',
    summary: 'The registry’s master key.',
  }),
};
