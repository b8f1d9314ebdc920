import { showKeptConfiguration } from './demo-device.ts';
import type { DemoStep } from './demo-steps.ts';
import { words } from './demo-words.ts';

/** From a registry on this machine to devices that follow who bought them. */
export const REGISTRY_STEPS: readonly DemoStep[] = [
  {
    about: 'The other half is a registry: one process and one file, here on this machine.',
    argv: words('registry init --admin root --admin-password-file password'),
    at: 'platform',
  },
  {
    about: 'It serves a port of this machine alone. What its accounts share is what they agree on.',
    argv: words('registry serve --listen 127.0.0.1:0 --log-level error'),
    at: 'platform',
    background: { name: 'registry', ready: /^http\S+\n/m },
    finds: { REGISTRY: /^(http\S+)\n/m },
  },
  {
    about: 'Whoever runs it logs in, to make two accounts.',
    argv: words('registry login REGISTRY --login root --password-file password'),
    at: 'platform',
  },
  {
    about: 'acme builds the devices. Its admin gets an invitation.',
    argv: words(
      'registry account create acme --name Acme --kind oem --admin mia -o mia.invitation',
    ),
    at: 'platform',
  },
  {
    about: 'widgets buys some of them.',
    argv: words(
      'registry account create widgets --name Widgets --kind customer --admin ben -o ben.invitation',
    ),
    at: 'platform',
  },
  {
    about: 'Each admin chooses a password, which uses the invitation up, and logs in.',
    argv: words(
      'registry password REGISTRY --invitation-file mia.invitation --password-file password',
    ),
    at: 'factory',
  },
  {
    about: 'Here at the factory, in a home of its own,',
    argv: words('registry login REGISTRY --login mia --password-file password'),
    at: 'factory',
  },
  {
    about: 'and the same at the customer.',
    argv: words(
      'registry password REGISTRY --invitation-file ben.invitation --password-file password',
    ),
    at: 'customer',
  },
  {
    about: 'Both are in.',
    argv: words('registry login REGISTRY --login ben --password-file password'),
    at: 'customer',
  },
  {
    about:
      'The factory proves its key, and signs that the key’s devices are acme’s: custody begins.',
    argv: words('registry key add demo'),
    at: 'factory',
  },
  {
    about: 'What the line built is registered. The broken device is not among it.',
    argv: words('escrow register built.csv'),
    at: 'factory',
  },
  {
    about:
      'The devices go there. Each proves itself and waits for its owner; the broken one is not known.',
    ends: 'devices',
    argv: words('device simulate --profile linux-shell --dir sim --escrow REGISTRY'),
    at: 'station',
    background: {
      name: 'escrow',
      // Eight devices in any order, each on a line of its own.
      ready: /^(?=(?:[^]*?: in escrow mode){7})(?=[^]*does not know it)/,
    },
  },
  {
    about: 'widgets says what its devices are to be told, with their own fields filled in.',
    argv: words('registry template set default template.yaml --yes'),
    at: 'customer',
  },
  {
    about: 'acme offers all seven to widgets.',
    argv: words('transfer request A1 --to widgets'),
    at: 'factory',
    finds: { TRANSFER: /(tr_[0-9a-z]{26})/ },
  },
  {
    about: 'widgets takes six of them, and says why it does not take the seventh.',
    argv: [
      ...words('transfer approve TRANSFER --except SERIAL --reason'),
      'arrived broken',
      '--yes',
    ],
    at: 'customer',
  },
  {
    about:
      'Six devices verify who owns them, from the maker’s key on, and follow what that owner signed.',
    watch: 'escrow',
    until: /(?:[^]*?: in normal mode){6}/,
  },
  {
    about: 'What the first of them keeps, verified once more from its memory alone.',
    call: showKeptConfiguration,
  },
  {
    about: 'What widgets has now.',
    argv: words('fleet list'),
    at: 'customer',
  },
];
