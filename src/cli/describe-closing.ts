import type { Closing } from '../job/close-lot.ts';
import type { Unresolved } from '../job/lot-accounts.ts';
import type { AccountPart, LotAccount } from '../model/lot-account.ts';
import { grouped } from './progress.ts';
import { table } from './table.ts';

/** What is counted, in the order of a unit's life; the names that people see. */
const ROWS: readonly (readonly [string, (part: AccountPart) => number])[] = [
  ['units', (part) => part.total],
  ['verified and done', (part) => part.states.done],
  ['scrapped', (part) => part.states.scrapped],
  ['replaced', (part) => part.states.replaced],
  ['reserved', (part) => part.states.reserved],
  ['writing', (part) => part.states.writing],
  ['written', (part) => part.states.written],
  ['verified, not done', (part) => part.states.verified],
  ['failed', (part) => part.states.failed],
  ['never used', (part) => part.free],
  ['given back unused', (part) => part.surrendered],
  ['written elsewhere, not back', (part) => part.elsewhere],
  ['granted, in no ledger here', (part) => part.granted],
  ['of a lost ledger', (part) => part.lost],
  ['handed out with secrets', (part) => part.handedOut],
];

/** Where every unit of a lot is, below each other; what no unit is left out. */
export function describeAccount(account: LotAccount, isOwner: boolean): string {
  const { planned, spare } = account;
  const last = [isOwner ? 'never left the lot' : 'not of this station', neverLeft] as const;
  const rows = [...ROWS, last].filter(([, of]) => of(planned) + of(spare) > 0);
  return table(rows, [
    { title: '', value: ([name]) => name },
    { title: 'planned', value: ([, of]) => grouped(of(planned)), align: 'right' },
    ...(spare.total > 0
      ? [
          {
            title: 'spare',
            value: ([, of]: (typeof ROWS)[number]) => grouped(of(spare)),
            align: 'right',
          } as const,
        ]
      : []),
  ]);
}

/** What keeps the lot from being closed: each group of units, and below it what resolves it. */
export function describeUnresolved({ unresolved }: Closing): string {
  return unresolved.flatMap((one) => [headline(one), `  ${one.resolve}`]).join('\n');
}

function headline({ count, what, units, station }: Unresolved): string {
  const where = station === undefined ? '' : ` at ${station}`;
  return `${grouped(count)} ${what}${where}${units === '' ? '' : `: ${units}`}`;
}

function neverLeft(part: AccountPart): number {
  return part.neverLeft;
}
