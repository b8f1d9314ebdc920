import type { FailureRow, StationReport } from '../job/station-report.ts';
import { hintOf } from './describe-report.ts';
import { html } from './html.ts';
import type { Markup } from './html.ts';
import { grouped } from './progress.ts';
import { moment, percent, reconciliationRows, reconciliationSum, verdict } from './report-text.ts';

/** What failed, by code with what to do, and by slot, operator and station. */
export function failureSections({ failures }: StationReport): Markup {
  const tables = [
    ['Slot', failures.bySlot],
    ['Operator', failures.byOperator],
    ['Station', failures.byStation],
  ] as const;
  return html`<section>
    <h2>Failures</h2>
    ${
      failures.byCode.length === 0
        ? html`<p>None.</p>`
        : html`<div class="scroll">
            <table>
              ${head(['Code, and what to do'], ['Failed', 'Turned away'], ['Share'])}
              <tbody>
                ${failures.byCode.map((row) => codeRow(row, failures.byCode))}
              </tbody>
            </table>
          </div>`
    }
    <div class="columns">
      ${tables.map(([title, rows]) => rows.length > 0 && placeTable(title, rows))}
    </div>
  </section>`;
}

function codeRow(row: FailureRow, rows: readonly FailureRow[]): Markup {
  const all = rows.reduce((sum, { failed, turnedAway }) => sum + failed + turnedAway, 0);
  const share = (row.failed + row.turnedAway) / Math.max(all, 1);
  const width = (share * 100).toFixed(1);
  return html`<tr>
    <th scope="row"><code>${row.name}</code> <span class="hint">${hintOf(row.name)}</span></th>
    ${numbers(grouped(row.failed), grouped(row.turnedAway))}
    <td class="share">
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        <rect class="rail" width="100" height="8" rx="1" />
        <rect class="fail" width="${width}" height="8" rx="1" />
      </svg>
      ${percent(share)}
    </td>
  </tr>`;
}

function placeTable(title: string, rows: readonly FailureRow[]): Markup {
  return html`<div class="scroll">
    <table>
      ${head([title], ['Passed', 'Failed', 'Turned away'])}
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              <th scope="row">${row.name}</th>
              ${numbers(grouped(row.passed), grouped(row.failed), grouped(row.turnedAway))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Where every unit of the lot is, with the sum. */
export function reconciliationSection(report: StationReport): Markup {
  const { reconciliation } = report;
  const sum = reconciliationSum(reconciliation);
  const row = (label: string, planned: number, spare: number): Markup =>
    html`<tr>
      <th scope="row">${label}</th>
      ${numbers(grouped(planned), grouped(spare))}
    </tr>`;
  return html`<section>
    <h2>Where the units are</h2>
    <div class="scroll">
      <table class="narrow">
        ${head(['Units'], ['Planned', 'Spare'])}
        <tbody>
          ${reconciliationRows(reconciliation).map((one) => row(one.label, one.planned, one.spare))}
        </tbody>
        <tfoot>
          ${row(sum.label, sum.planned, sum.spare)}
          ${row('the lot has', reconciliation.planned.total, reconciliation.spare.total)}
        </tfoot>
      </table>
    </div>
    <p>${verdict(report)}</p>
  </section>`;
}

/** What the report was read from. */
export function ledgerSection({ ledgers }: StationReport): Markup {
  return html`<section>
    <h2>Ledgers</h2>
    <div class="scroll">
      <table>
        ${head(['File', 'Station'], ['Events', 'Last event (UTC)'])}
        <tbody>
          ${ledgers.map(
            ({ file, station, events, lastEventAt }) =>
              html`<tr>
                <th scope="row"><code>${file}</code></th>
                <td>${station}</td>
                ${numbers(grouped(events), moment(lastEventAt))}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

/** The line of titles; `counts` stand to the right. */
export function head(
  before: readonly string[],
  counts: readonly string[],
  after: readonly string[] = [],
): Markup {
  const cell = (name: string): Markup => html`<th scope="col">${name}</th>`;
  return html`<thead>
    <tr>
      ${before.map(cell)} ${counts.map((name) => html`<th scope="col" class="number">${name}</th>`)}
      ${after.map(cell)}
    </tr>
  </thead>`;
}

/** Cells of numbers. */
export function numbers(...values: readonly string[]): Markup {
  return html`${values.map((value) => html`<td class="number">${value}</td>`)}`;
}
