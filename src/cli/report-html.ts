import { formatConflict } from '../job/ledger-conflicts.ts';
import type { OpenUnit, StationReport } from '../job/station-report.ts';
import { sliceName } from '../model/time-slices.ts';
import { html, raw } from './html.ts';
import type { Markup } from './html.ts';
import { grouped } from './progress.ts';
import { evenly, unitsChart, yieldChart } from './report-charts.ts';
import { REPORT_STYLE } from './report-style.ts';
import {
  counted,
  duration,
  moment,
  percent,
  verdict,
  verifiedNow,
  windowText,
} from './report-text.ts';
import {
  failureSections,
  head,
  ledgerSection,
  numbers,
  reconciliationSection,
} from './report-tables.ts';

/**
 * A report as one HTML document that loads nothing: light, dark and on paper, figures beside every chart,
 * words beside every colour. Everything that came from a device or a person is escaped. The same report
 * gives the same text.
 */
export function reportHtml(report: StationReport): string {
  const { lot, ledgers } = report;
  const title = `Lot ${lot.code}: station report`;
  const model = lot.model === undefined ? '' : `, model ${lot.model}`;
  const stations = [...new Set(ledgers.map(({ station }) => station))].join(', ');
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'"
        />
        <title>${title}</title>
        <style>
          ${raw(REPORT_STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>Lot ${lot.code}${model}</h1>
          <p>
            Station report, ${windowText(report)}. ${ledgers.length > 1 ? 'Stations' : 'Station'}
            ${stations}. Made at ${moment(report.madeAt)} UTC.
          </p>
        </header>
        <main>
          ${status(report)} ${cards(report)} ${charts(report)} ${failureSections(report)}
          ${openSection(report)} ${reconciliationSection(report)} ${ledgerSection(report)}
        </main>
        <footer>
          <p>All times are UTC. ${lot.lotId}</p>
        </footer>
      </body>
    </html>`;
  return `${page.markup.replace(/\n\s+/g, '\n')}\n`;
}

function status(report: StationReport): Markup {
  const { conflicts, reconciliation } = report;
  const isGood = conflicts.count === 0 && reconciliation.addsUp;
  return html`<section class="status ${isGood ? 'good' : 'bad'}" aria-label="Verdict">
    <p><strong>${isGood ? '✓ Accounted for' : '✗ Not accounted for'}</strong> ${verdict(report)}</p>
    ${
      conflicts.listed.length > 0 &&
      html`<ul>
        ${conflicts.listed.map((one) => html`<li>${formatConflict(one)}</li>`)}
      </ul>`
    }
  </section>`;
}

function cards(report: StationReport): Markup {
  const { total, lot, cycles, openCount, failures } = report;
  const failed = failures.byStation.reduce((sum, row) => sum + row.failed + row.turnedAway, 0);
  const all = [
    ['Verified now', grouped(verifiedNow(report)), `of ${grouped(lot.size)} planned`],
    ['Yield', percent(total.yield), `${grouped(total.passed)} of ${counted(total.units, 'unit')}`],
    [
      'First-pass yield',
      percent(total.firstPassYield),
      `${grouped(total.firstPassed)} of ${grouped(total.first)} at the first attempt`,
    ],
    ['Cycle time', duration(cycles.medianMs), `median; 95 % within ${duration(cycles.p95Ms)}`],
    ['Failures', grouped(failed), 'attempts and devices turned away'],
    ['To resolve', grouped(openCount), openCount === 1 ? 'unit' : 'units'],
  ] as const;
  return html`<section class="cards" aria-label="Figures">
    ${all.map(
      ([name, value, note]) =>
        html`<div class="card">
          <h2>${name}</h2>
          <p class="value">${value}</p>
          <p class="note">${note}</p>
        </div>`,
    )}
  </section>`;
}

function charts(report: StationReport): Markup {
  const { slices, sliceMs } = report;
  const name = sliceName(sliceMs);
  if (slices.length === 0) {
    return html`<section>
      <h2>Over time</h2>
      <p>No unit had a result in this time.</p>
    </section>`;
  }
  return html`<section>
    <h2>Over time</h2>
    <div class="charts">
      <figure>
        <figcaption>Units by ${name}</figcaption>
        ${unitsChart(evenly(slices, sliceMs))}
      </figure>
      <figure>
        <figcaption>Yield by ${name}</figcaption>
        ${yieldChart(evenly(slices, sliceMs))}
      </figure>
    </div>
    <details>
      <summary>The figures of both charts</summary>
      <div class="scroll">
        <table>
          ${head(['From (UTC)'], ['Units', 'Passed', 'Yield', 'First attempts', 'First-pass yield'])}
          <tbody>
            ${slices.map(
              (slice) =>
                html`<tr>
                  <th scope="row">${moment(slice.from)}</th>
                  ${numbers(
                    grouped(slice.units),
                    grouped(slice.passed),
                    percent(slice.yield),
                    grouped(slice.first),
                    percent(slice.firstPassYield),
                  )}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>
  </section>`;
}

function openSection({ open, openCount }: StationReport): Markup {
  const more = openCount - open.length;
  return html`<section>
    <h2>Units that are not verified: ${grouped(openCount)}</h2>
    ${
      open.length === 0
        ? html`<p>Every unit that was given to a device is verified, scrapped or replaced.</p>`
        : html`<div class="units">${open.map(openUnit)}</div>`
    }
    ${more > 0 && html`<p>And ${grouped(more)} more, which <code>--json</code> counts too.</p>`}
  </section>`;
}

function openUnit(unit: OpenUnit): Markup {
  const { serial, state, code, reason, hardwareId, slot, station, changedAt } = unit;
  const place = slot === undefined ? station : `${station}, slot ${slot}`;
  return html`<article class="unit">
    <h3>
      ${serial} <span class="state">${code === undefined ? state : `${state}: ${code}`}</span>
    </h3>
    <p class="note">
      Device <code>${hardwareId}</code>, ${place},
      ${moment(changedAt)}${reason === undefined ? '' : `: ${reason}`}
    </p>
    <p>${unit.next}</p>
    ${unit.commands.map((command) => html`<pre><code>${command}</code></pre>`)}
  </article>`;
}
