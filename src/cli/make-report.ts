import type { Home } from '../home/home.ts';
import { refuseConflicts } from '../job/ledger-conflicts.ts';
import { stationReport } from '../job/station-report.ts';
import type { ReportRequest, StationReport } from '../job/station-report.ts';
import { openWhole, writeWhole } from '../job/write-whole.ts';
import { utf8 } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { describeReport } from './describe-report.ts';
import { verdict } from './report-text.ts';

/** What a command that reports has around it. */
export interface ReportCommand {
  readonly home: Home;
  readonly signal: AbortSignal;
  print(text: string): void;
  warning(message: string): void;
}

/**
 * Reports on the terminal and into an HTML file where one is named. Throws `ledger-conflict`, once all is
 * written, where the ledgers contradict each other or do not add up.
 */
export async function makeReport(
  command: ReportCommand,
  request: ReportRequest & { readonly html?: string | undefined; readonly force: boolean },
): Promise<StationReport> {
  const { html, force } = request;
  const { signal } = command;
  if (html === '-') {
    throw new KeylineError('usage', {
      message: 'the report on standard output is text',
      hint: 'Name a file with --html FILE.',
    });
  }
  const options = { secret: false, inputs: request.ledgers, signal };
  await using output =
    html === undefined ? undefined : await openWhole({ path: html, force }, options);
  const report = await stationReport(command.home, request, {
    signal,
    warn: (text) => {
      command.warning(text);
    },
  });
  command.print(describeReport(report));
  if (output) {
    const { reportHtml } = await import('./report-html.ts');
    await writeWhole(output, utf8(reportHtml(report)));
    command.print(`\nreport  ${output.name}`);
  }
  refuseConflicts(report.conflicts);
  if (report.reconciliation.addsUp) return report;
  throw new KeylineError('ledger-conflict', {
    message: verdict(report).replace(/\.$/, ''),
    hint: 'Name every ledger of the lot once, with --ledger FILE.',
    facts: { reason: 'sum', lotId: report.lot.lotId },
  });
}
