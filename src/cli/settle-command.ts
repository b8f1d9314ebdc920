import { Args, Flags } from '@oclif/core';
import { HELD_UNIT_NAMES } from '../job/held-unit.ts';
import type { HeldUnitName } from '../job/held-unit.ts';
import { planSettlement } from '../job/plan-settlement.ts';
import type { Settlement, SettledUnit } from '../job/plan-settlement.ts';
import { requireReason, settleUnits } from '../job/settle-units.ts';
import { keyFlags, lazyCredentials } from './credentials.ts';
import type { KeyFlagValues } from './credentials.ts';
import { ledgerFlag, yesFlag } from './flags.ts';
import type { LineCommand } from './run-bench.ts';
import { grouped } from './progress.ts';
import { table } from './table.ts';

/** The arguments of every command that settles units. */
export const settleArgs = {
  lot: Args.string({ required: true, description: 'Code or id.' }),
  unit: Args.string({
    multiple: true,
    description: 'Endpoint key, serial, index or hardware id; one or more.',
  }),
};

/** The flags of every command that settles units. */
export const settleFlags = {
  'all-failed': Flags.boolean({ summary: 'All units of the lot that failed.' }),
  by: Flags.option({ options: HELD_UNIT_NAMES, summary: 'What UNIT is, where two fit.' })(),
  reason: Flags.string({ helpValue: 'TEXT', required: true, summary: 'Why; goes on record.' }),
  operator: Flags.string({ helpValue: 'NAME', summary: 'Who decides it; goes on record.' }),
  'dry-run': Flags.boolean({ summary: 'Only say what would be done.' }),
  yes: yesFlag,
  witness: Flags.string({
    helpValue: 'FILE',
    summary: 'Keep the ledger’s head in FILE too, best on another disk.',
  }),
  ledger: ledgerFlag(),
  ...keyFlags,
};

/** What the flags gave. */
export interface SettleFlagValues extends KeyFlagValues {
  readonly 'all-failed': boolean;
  readonly by?: HeldUnitName | undefined;
  readonly reason: string;
  readonly operator?: string | undefined;
  readonly 'dry-run': boolean;
  readonly yes: boolean;
  readonly witness?: string | undefined;
  readonly ledger?: string | undefined;
}

/** What `--json` prints of it. */
export interface Settled {
  readonly lotId: string;
  readonly lot: string;
  readonly action: Settlement;
  readonly dryRun: boolean;
  readonly units: readonly SettledUnit[];
}

const QUESTION: Readonly<Record<Settlement, (units: string) => string>> = {
  rework: (units) => `Write ${units} again at the next visit?`,
  replace: (units) => `Retire the credential of ${units} and give each device a spare one?`,
  scrap: (units) => `Scrap ${units} for good?`,
};
const NAMED = 6;

/** Plans, asks, and puts on record what is to come of units; prints them below each other. */
export async function settleByCommand(
  command: LineCommand & { confirm(question: string, yes: boolean): Promise<void> },
  what: { readonly action: Settlement; readonly lot: string; readonly units: readonly string[] },
  flags: SettleFlagValues,
): Promise<Settled> {
  const { reason, operator, witness, ledger, by } = flags;
  requireReason(reason);
  const credentials = lazyCredentials(command, flags);
  const { signal } = command;
  const request = { ...what, by, allFailed: flags['all-failed'], ledger };
  const plan = await planSettlement(command.home, request, { credentials, signal });
  const { lotId, code: lot } = plan.lot;
  const dryRun = flags['dry-run'];
  const pending = plan.units.filter(({ unchanged }) => !unchanged);
  let { units } = plan;
  if (!dryRun && pending.length > 0) {
    const effects = { credentials: credentials(), toolVersion: command.config.version, signal };
    await command.confirm(QUESTION[what.action](nameUnits(pending, lot)), flags.yes);
    units = await settleUnits(command.home, plan, { reason, operator, witness }, effects);
  }
  command.print(describe(units, lot, dryRun));
  return { lotId, lot, action: what.action, dryRun, units };
}

function nameUnits(units: readonly SettledUnit[], lot: string): string {
  const named = units.slice(0, NAMED).map(({ serial }) => serial);
  const more = units.length > NAMED ? ` and ${grouped(units.length - NAMED)} more` : '';
  return `${units.length === 1 ? 'unit' : 'units'} ${named.join(', ')}${more} of lot ${lot}`;
}

function describe(units: readonly SettledUnit[], lot: string, dryRun: boolean): string {
  if (units.length === 0) return `No unit of lot ${lot} has failed.`;
  const rows = table(units, [
    { title: 'index', value: ({ index }) => index, align: 'right' },
    { title: 'serial', value: ({ serial }) => serial },
    { title: 'hardware id', value: ({ hardwareId }) => hardwareId },
    { title: 'was', value: ({ from }) => from },
    { title: dryRun ? 'would be' : 'is', value: (unit) => outcomeOf(unit) },
  ]);
  return rows;
}

function outcomeOf({ to, unchanged, replacedBySerial }: SettledUnit): string {
  if (unchanged) return `${to}, as before`;
  if (replacedBySerial !== undefined) return `replaced by ${replacedBySerial}`;
  return to === 'failed' ? 'to be written again' : to;
}
