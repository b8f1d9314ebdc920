import { Args, Flags } from '@oclif/core';
import { decideTransfer } from '../job/decide-transfer.ts';
import { readDevices } from '../job/device-list.ts';
import { saidWhenInterrupted } from '../job/interrupted-request.ts';
import { planDecision } from '../job/plan-decision.ts';
import type { DecisionMove, DecisionPlan, DecisionScope } from '../job/plan-decision.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { CountedTransfer, RegistryTransfers } from '../registry/transfers.ts';
import type { BaseCommand } from './base-command.ts';
import { describeDecision, describeTransfer } from './describe-transfer.ts';
import { noDefaultHelp, yesFlag } from './flags.ts';
import { createProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { openRegistryFor, registryContextFlags } from './registry-context-flags.ts';
import type { RegistryContextValues } from './registry-context-flags.ts';

/** The argument of every command about one transfer. */
export const transferArgs = {
  transfer: Args.string({ required: true, description: 'Its id, tr_….' }),
};

/** `--NAME FILE|DEVICE`, once or more: what `readDevices` takes. */
export const devicesFlag = (summary: string) =>
  Flags.string({
    helpValue: 'FILE|DEVICE',
    multiple: true,
    multipleNonGreedy: true,
    default: [],
    defaultHelp: noDefaultHelp,
    summary,
  });

/** The flags of every command that decides on a transfer. */
export const decideFlags = {
  all: Flags.boolean({ summary: 'All devices that are still offered.' }),
  only: devicesFlag('These alone: a file, - or a device; repeat for more.'),
  'dry-run': Flags.boolean({ summary: 'Only say what would be decided.' }),
  yes: yesFlag,
  ...registryContextFlags,
};

/** What the flags gave. */
export interface DecideFlagValues extends RegistryContextValues {
  readonly all?: boolean;
  readonly only: readonly string[];
  readonly except?: readonly string[];
  readonly reason?: string | undefined;
  /** Undefined where it was not given, as `yes`. */
  readonly 'dry-run'?: boolean;
  readonly yes?: boolean;
}

/** What `--json` prints of it. */
export interface Decided {
  readonly dryRun: boolean;
  /** How many devices became what, or would. */
  readonly changes: DecisionPlan['changes'];
  readonly transfer: CountedTransfer;
}

/** Plans, asks, decides with progress, and prints how the transfer stands then. */
export async function decideByCommand(
  command: BaseCommand,
  what: { readonly transfer: string; readonly move: DecisionMove },
  flags: DecideFlagValues,
): Promise<Decided> {
  const { reason, 'dry-run': dryRun = false, yes = false } = flags;
  const scope = await scopeOf(flags, command.signal);
  if (what.move !== 'refused' && reason !== undefined && scope.kind !== 'except') {
    throw usage('--reason is for devices that are refused');
  }
  const { registry } = await openRegistryFor(command, flags);
  const { transfers } = registry;
  const plan = await planDecision(transfers, { ...what, scope, reason });
  const { changes } = plan;
  const decision = describeDecision(plan);
  const { id, source, destination } = plan.transfer;
  const whose = what.move === 'withdrawn' ? `for ${destination}` : `from ${source}`;
  if (dryRun) {
    command.print(`Would ${decision ?? 'change nothing'} of ${id} ${whose}.`);
    return { dryRun, changes, transfer: plan.transfer };
  }
  if (decision !== undefined) {
    const question = `${decision.charAt(0).toUpperCase()}${decision.slice(1)} of ${id} ${whose}?`;
    await command.confirm(question, yes);
  }
  const transfer = await decideWithProgress(command, transfers, plan);
  command.print(describeTransfer(transfer));
  return { dryRun, changes, transfer };
}

async function scopeOf(
  { all = false, only, except = [] }: DecideFlagValues,
  signal: AbortSignal,
): Promise<DecisionScope> {
  if ([all, only.length > 0, except.length > 0].filter(Boolean).length !== 1) {
    throw usage('say which devices, once: --all, --only, or --except where there is one');
  }
  if (all) return { kind: 'all' };
  const kind = only.length > 0 ? 'only' : 'except';
  return { kind, devices: await readDevices(kind === 'only' ? only : except, signal) };
}

async function decideWithProgress(
  command: BaseCommand,
  transfers: RegistryTransfers,
  plan: DecisionPlan,
): Promise<CountedTransfer> {
  const stream = command.jsonEnabled() ? { write: () => true } : process.stderr;
  let progress: Progress | undefined;
  try {
    const decided = decideTransfer(transfers, plan, {
      signal: command.signal,
      onProgress: (done, total) => {
        progress ??= createProgress('Deciding', total, stream);
        progress.update(done);
      },
    });
    return await saidWhenInterrupted(
      decided,
      'What was decided stands, and is carried out; the same command goes on with the rest.',
    );
  } finally {
    progress?.end();
  }
}

function usage(message: string): KeylineError {
  return new KeylineError('usage', { message });
}
