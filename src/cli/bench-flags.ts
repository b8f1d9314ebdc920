import { Flags } from '@oclif/core';
import type { LineChoices } from '../job/open-line.ts';
import { KeylineError } from '../kernel/errors.ts';
import { parseProvisioningKey } from '../model/ids.ts';
import type { KeyFlagValues } from './credentials.ts';
import { rangeFlag } from './flags.ts';

/** The flags of every command that takes devices through a run. */
export const lineFlags = {
  profile: Flags.string({
    helpValue: 'FILE|NAME',
    required: true,
    summary: 'Device profile: a file, or the name of a shipped one.',
  }),
  range: rangeFlag(),
  operator: Flags.string({ helpValue: 'NAME', summary: 'Who does it; goes on record.' }),
  order: Flags.string({ helpValue: 'TEXT', summary: 'The work order; goes on record.' }),
  'trust-anchor': Flags.string({
    helpValue: 'FILE',
    summary: 'Certificates that devices are to trust, PEM.',
  }),
  witness: Flags.string({
    helpValue: 'FILE',
    summary: 'Keep the ledger’s head in FILE too, best on another disk.',
  }),
};

/** The flags that let a foreign credential be overwritten. */
export const overwriteFlags = {
  'overwrite-from': Flags.string({
    helpValue: 'KP',
    dependsOn: ['reason'],
    summary: 'Overwrite credentials of this provisioning key.',
  }),
  reason: Flags.string({ helpValue: 'TEXT', summary: 'Why; goes on record.' }),
};

/** The flags of one device at a bench. */
export const benchFlags = {
  port: Flags.string({
    helpValue: 'ADDRESS',
    required: true,
    summary: 'serial:PATH, tcp://HOST:PORT or rfc2217://HOST:PORT.',
  }),
  'hardware-id': Flags.string({
    helpValue: 'ID',
    summary: 'Of the board’s label, where the profile takes the id from a scan.',
  }),
  log: Flags.string({
    helpValue: 'FILE',
    summary: 'Append what goes over the line to FILE, secrets masked.',
  }),
};

/** What the flags of a run gave. */
export interface LineFlagValues extends KeyFlagValues {
  readonly profile: string;
  readonly range?: LineChoices['range'];
  readonly operator?: string | undefined;
  readonly order?: string | undefined;
  readonly 'trust-anchor'?: string | undefined;
  readonly witness?: string | undefined;
  readonly 'overwrite-from'?: string | undefined;
  readonly reason?: string | undefined;
}

/** The choices that a command's flags make. Throws `invalid-provisioning-key`, `usage` for an empty reason. */
export function lineChoices(lot: string, flags: LineFlagValues): LineChoices {
  const { profile, range, operator, order, witness, reason } = flags;
  const from = flags['overwrite-from'];
  if (from !== undefined && (reason ?? '').trim() === '') {
    throw new KeylineError('usage', { message: 'say with --reason why it may be overwritten' });
  }
  const overwrite = from && `of ${parseProvisioningKey(from)}: ${(reason ?? '').trim()}`;
  const trustAnchor = flags['trust-anchor'];
  return { lot, profile, range, operator, order, witness, overwrite, trustAnchor };
}
