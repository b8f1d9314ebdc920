import { Flags } from '@oclif/core';
import { simulateEscrow } from '../job/simulate-escrow.ts';
import type { EscrowResult } from '../job/simulate-escrow.ts';
import type { BaseCommand } from './base-command.ts';
import { describeEscrow, describeEscrowStart, escrowLine } from './describe-escrow.ts';

/** Sends simulated devices to a registry. */
export const escrowFlags = {
  escrow: Flags.string({
    helpValue: 'URL',
    exclusive: ['count', 'tcp', 'model', 'fault', 'autoload', 'limit'],
    summary: 'Play the devices that were written, at this registry.',
  }),
  'ca-file': Flags.string({
    helpValue: 'FILE',
    dependsOn: ['escrow'],
    summary: 'PEM of the certificates that the registry’s is to rest on.',
  }),
};

/** Plays the folder's devices at a registry, a line for each event; exits 6 where one was not taken or refused. */
export async function playEscrow(
  command: BaseCommand,
  choices: {
    readonly url: string;
    readonly profile: string;
    readonly dir: string;
    readonly once: boolean;
    readonly for?: number | undefined;
    readonly 'ca-file'?: string | undefined;
  },
): Promise<EscrowResult> {
  const { url, profile, dir, once, for: seconds, 'ca-file': caFile } = choices;
  const result = await simulateEscrow({
    ...{ url, profile, dir, once, seconds, caFile, signal: command.signal },
    onReady: (start) => {
      command.print(describeEscrowStart(start));
    },
    onEvent: (event) => {
      if (command.jsonEnabled()) process.stdout.write(`${JSON.stringify(event)}\n`);
      else command.print(escrowLine(event));
    },
  });
  command.print(describeEscrow(result));
  if (result.refused + result.unauthenticated > 0) process.exitCode = 6;
  return result;
}
