import { formatConflict } from '../job/ledger-conflicts.ts';
import type { FailureRow, OpenUnit, StationReport } from '../job/station-report.ts';
import { printable } from '../kernel/printable.ts';
import { FAILURES } from '../model/failure.ts';
import { sliceName } from '../model/time-slices.ts';
import { grouped } from './progress.ts';
import {
  counted,
  duration,
  moment,
  percent,
  reconciliationRows,
  reconciliationSum,
  verdict,
  verifiedNow,
  windowText,
} from './report-text.ts';
import { facts, table } from './table.ts';
import type { TableColumn } from './table.ts';

const WIDTH = 80;
/** More are in --json and in the HTML file. */
const MOST_UNITS = 50;
const BAR = 20;

/** A report for a terminal of 80 columns. */
export function describeReport(report: StationReport): string {
  const sections = [
    summary(report),
    section(`Yield by ${sliceName(report.sliceMs)} (UTC)`, slices(report)),
    section('Failures by code', codes(report.failures.byCode)),
    section('By slot', places(report.failures.bySlot, 'slot')),
    section('By operator', places(report.failures.byOperator, 'operator')),
    section('By station', places(report.failures.byStation, 'station')),
    section(`Units that are not verified: ${grouped(report.openCount)}`, openUnits(report)),
    section('Where the units are', reconciliation(report)),
    section('Contradictions', conflicts(report)),
  ];
  return sections.filter((text) => text !== '').join('\n\n');
}

function summary(report: StationReport): string {
  const { lot, total, cycles, ledgers } = report;
  return facts([
    [
      'lot',
      `${printable(lot.code)}${lot.model === undefined ? '' : `, model ${printable(lot.model)}`}`,
    ],
    ['time', windowText(report)],
    ['stations', [...new Set(ledgers.map(({ station }) => printable(station)))].join(', ')],
    ['verified now', `${grouped(verifiedNow(report))} of ${grouped(lot.size)} planned`],
    [
      'yield',
      `${percent(total.yield)}  ${grouped(total.passed)} of ${counted(total.units, 'unit')}`,
    ],
    [
      'first pass',
      `${percent(total.firstPassYield)}  ${grouped(total.firstPassed)} of ${grouped(total.first)}`,
    ],
    ['cycle time', `median ${duration(cycles.medianMs)}, 95 % within ${duration(cycles.p95Ms)}`],
    ['made at', report.madeAt],
    ['', verdict(report)],
  ]);
}

function slices(report: StationReport): string {
  if (report.slices.length === 0) return '';
  return table(report.slices, [
    { title: 'from', value: ({ from }) => moment(from) },
    { title: 'units', value: ({ units }) => grouped(units), align: 'right' },
    { title: 'yield', value: (slice) => percent(slice.yield), align: 'right' },
    { title: 'first', value: (slice) => percent(slice.firstPassYield), align: 'right' },
    { title: '', value: (slice) => bar(slice.yield) },
  ]);
}

function bar(share: number | undefined): string {
  if (share === undefined) return '';
  const full = Math.floor(share * BAR + 1e-9);
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)}`;
}

function codes(rows: readonly FailureRow[]): string {
  if (rows.length === 0) return '';
  const lines = table(rows, [{ title: 'code', value: nameOf }, ...COUNTS]).split('\n');
  const hints = ['', ...rows.map(({ name }) => hintOf(name))];
  const withHint = (line: string, at: number): string[] => {
    const hint = hints[at] ?? '';
    return hint === '' ? [line] : [line, ...wrap(hint, WIDTH - 2).map((text) => `  ${text}`)];
  };
  return lines.flatMap(withHint).join('\n');
}

function places(rows: readonly FailureRow[], title: string): string {
  if (rows.length === 0) return '';
  const passed = ({ passed: count }: FailureRow): string => grouped(count);
  return table(rows, [
    { title, value: nameOf },
    { title: 'passed', value: passed, align: 'right' },
    ...COUNTS,
  ]);
}

const COUNTS: readonly TableColumn<FailureRow>[] = [
  { title: 'failed', value: ({ failed }) => grouped(failed), align: 'right' },
  { title: 'turned away', value: ({ turnedAway }) => grouped(turnedAway), align: 'right' },
];

function nameOf({ name }: FailureRow): string {
  return cut(printable(name), 40);
}

/** What the operator does for a failure of this code; '' for one that keyline does not know. */
export function hintOf(code: string): string {
  return Object.hasOwn(FAILURES, code) ? FAILURES[code as keyof typeof FAILURES].hint : '';
}

function openUnits({ open, openCount }: StationReport): string {
  const shown = open.slice(0, MOST_UNITS).map(openUnit);
  const more = openCount - shown.length;
  if (more > 0) shown.push(`and ${grouped(more)} more: see --html FILE or --json`);
  return shown.join('\n');
}

function openUnit(unit: OpenUnit): string {
  const { serial, state, code, slot, next, commands } = unit;
  const what = code === undefined ? state : `${state}: ${code}`;
  const where = slot === undefined ? '' : `, slot ${slot}`;
  return [
    cut(printable(`${serial}  ${what}${where}  (${unit.hardwareId})`), WIDTH),
    ...wrap(printable(next), WIDTH - 2).map((line) => `  ${line}`),
    ...commands.map((command) => `  ${printable(command)}`),
  ].join('\n');
}

function reconciliation(report: StationReport): string {
  const { reconciliation: found } = report;
  const rows = [...reconciliationRows(found), reconciliationSum(found)];
  const text = table(rows, [
    { title: '', value: ({ label }) => label },
    { title: 'planned', value: ({ planned }) => grouped(planned), align: 'right' },
    { title: 'spare', value: ({ spare }) => grouped(spare), align: 'right' },
  ]);
  return `${text}\n${wrap(verdict(report), WIDTH).join('\n')}`;
}

function conflicts({ conflicts: { count, listed } }: StationReport): string {
  const lines = listed.slice(0, 20).map((one) => printable(formatConflict(one)));
  if (count > lines.length) lines.push(`and ${grouped(count - lines.length)} more`);
  return lines.join('\n');
}

function section(title: string, text: string): string {
  return text === '' ? '' : `${title}\n${text}`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
