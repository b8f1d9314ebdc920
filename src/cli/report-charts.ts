import type { StationReport } from '../job/station-report.ts';
import { isoSeconds } from '../kernel/clock.ts';
import { html } from './html.ts';
import type { Markup } from './html.ts';
import { grouped } from './progress.ts';
import { moment, percent } from './report-text.ts';

type Slices = StationReport['slices'];

/** A clock that jumped by years would make a chart of nothing. */
const MOST_SLICES = 96;

const [WIDTH, HEIGHT] = [560, 220];
const [LEFT, RIGHT, TOP, BOTTOM] = [44, 8, 12, 44];
const PLOT_WIDTH = WIDTH - LEFT - RIGHT;
const PLOT_HEIGHT = HEIGHT - TOP - BOTTOM;

/** Units of each slice as stacked bars: passed is filled, not passed is hatched, and both are named. */
export function unitsChart(slices: Slices): Markup {
  const top = niceCeiling(Math.max(...slices.map(({ units }) => units)));
  const y = (units: number): number => TOP + PLOT_HEIGHT * (1 - units / top);
  const step = PLOT_WIDTH / slices.length;
  const width = round(Math.min(step * 0.7, 36));
  const total = slices.reduce((sum, { units }) => sum + units, 0);
  const passed = slices.reduce((sum, slice) => sum + slice.passed, 0);
  const label = `Bar chart: ${grouped(passed)} of ${grouped(total)} results passed. The figures are in the table below.`;
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
    <defs>
      <pattern
        id="hatch"
        width="5"
        height="5"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <rect class="fail-ground" width="5" height="5" />
        <rect class="fail" width="2.5" height="5" />
      </pattern>
    </defs>
    ${grid([0, top / 2, top], y, (value) => grouped(Math.round(value)))}
    ${slices.map((slice, at) => {
      const x = round(LEFT + step * (at + 0.5) - width / 2);
      const [base, middle, high] = [y(0), y(slice.passed), y(slice.units)].map(round);
      const [passedHeight, restHeight] = [
        round((base ?? 0) - (middle ?? 0)),
        round((middle ?? 0) - (high ?? 0)),
      ];
      return html`<g>
        <title>
          ${moment(slice.from)}: ${slice.passed} passed, ${slice.units - slice.passed} not
        </title>
        <rect class="pass" x="${x}" y="${middle ?? 0}" width="${width}" height="${passedHeight}" />
        <rect class="hatched" x="${x}" y="${high ?? 0}" width="${width}" height="${restHeight}" />
      </g>`;
    })}
    ${timeAxis(slices)}
    ${legend([
      ['passed', html`<rect class="pass" width="12" height="12" />`],
      ['not passed', html`<rect class="hatched" width="12" height="12" />`],
    ])}
  </svg>`;
}

/** Yield as a line with round points, first-pass yield as a broken line with square ones. */
export function yieldChart(slices: Slices): Markup {
  const shares = slices.flatMap((slice) => [slice.yield ?? 1, slice.firstPassYield ?? 1]);
  const least = Math.min(...shares);
  const bottom = least >= 0.9 ? 0.9 : least >= 0.5 ? 0.5 : 0;
  const y = (share: number): number => TOP + PLOT_HEIGHT * (1 - (share - bottom) / (1 - bottom));
  const step = PLOT_WIDTH / slices.length;
  const points = (of: 'yield' | 'firstPassYield'): Point[] =>
    slices.flatMap((slice, at) => {
      const value = slice[of];
      if (value === undefined) return [];
      const name = of === 'yield' ? 'yield' : 'first-pass yield';
      const title = `${moment(slice.from)}: ${name} ${percent(value)}`;
      return [{ x: round(LEFT + step * (at + 0.5)), y: round(y(value)), title }];
    });
  const last = slices.at(-1);
  const label = `Line chart: at the end yield ${percent(last?.yield)}, first-pass yield ${percent(last?.firstPassYield)}. The figures are in the table below.`;
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
    ${grid([bottom, (1 + bottom) / 2, 1], y, (value) => `${Math.round(value * 100)} %`)}
    ${line(points('firstPassYield'), 'first')} ${line(points('yield'), 'all')} ${timeAxis(slices)}
    ${legend([
      ['yield', html`<circle class="mark all" cx="6" cy="6" r="4" />`],
      ['first-pass yield', html`<rect class="mark first" x="2" y="2" width="8" height="8" />`],
    ])}
  </svg>`;
}

/** The same slices with those between them in which nothing happened, so that time runs evenly. */
export function evenly(slices: Slices, sliceMs: number): Slices {
  const [first, last] = [slices[0], slices.at(-1)];
  if (!first || !last) return slices;
  const count = (Date.parse(last.from) - Date.parse(first.from)) / sliceMs + 1;
  if (count > MOST_SLICES) return slices;
  const known = new Map(slices.map((slice) => [Date.parse(slice.from), slice]));
  return Array.from({ length: count }, (_, at) => {
    const from = Date.parse(first.from) + at * sliceMs;
    const nothing = { units: 0, passed: 0, first: 0, firstPassed: 0 };
    return known.get(from) ?? { from: isoSeconds(new Date(from)), ...nothing };
  });
}

interface Point {
  readonly x: number;
  readonly y: number;
  readonly title: string;
}

function line(points: readonly Point[], kind: 'all' | 'first'): Markup {
  const path = points.map(({ x, y }) => `${x},${y}`).join(' ');
  return html`<polyline class="line ${kind}" points="${path}" /> ${points.map(({ x, y, title }) =>
      kind === 'all'
        ? html`<circle class="mark all" cx="${x}" cy="${y}" r="4"><title>${title}</title></circle>`
        : html`<rect
            class="mark first"
            x="${round(x - 4)}"
            y="${round(y - 4)}"
            width="8"
            height="8"
          >
            <title>${title}</title>
          </rect>`,
    )}`;
}

function grid(
  values: readonly number[],
  y: (value: number) => number,
  text: (value: number) => string,
): Markup {
  return html`${[...new Set(values)].map(
    (value) =>
      html`<line
          class="grid"
          x1="${LEFT}"
          x2="${WIDTH - RIGHT}"
          y1="${round(y(value))}"
          y2="${round(y(value))}"
        />
        <text class="axis" x="${LEFT - 6}" y="${round(y(value) + 4)}" text-anchor="end"
          >${text(value)}</text
        >`,
  )}`;
}

/** The first, the middle and the last slice; their days where there is more than one. */
function timeAxis(slices: Slices): Markup {
  const step = PLOT_WIDTH / slices.length;
  const places = [...new Set([0, Math.floor((slices.length - 1) / 2), slices.length - 1])];
  const isOneDay = slices[0]?.from.slice(0, 10) === slices.at(-1)?.from.slice(0, 10);
  return html`${places.map((at) => {
    const from = slices[at]?.from ?? '';
    const text = isOneDay ? from.slice(11, 16) : moment(from).slice(5);
    const anchor =
      at === 0 && slices.length > 2 ? 'start' : at === places.at(-1) && at > 0 ? 'end' : 'middle';
    const shift = anchor === 'start' ? 0.1 : anchor === 'end' ? 0.9 : 0.5;
    const x = round(LEFT + step * (at + shift));
    return html`<text class="axis" x="${x}" y="${HEIGHT - BOTTOM + 16}" text-anchor="${anchor}"
      >${text}</text
    >`;
  })}`;
}

function legend(entries: readonly (readonly [name: string, mark: Markup])[]): Markup {
  return html`${entries.map(
    ([name, mark], at) =>
      html`<g transform="translate(${LEFT + at * 130} ${HEIGHT - 15})">
        ${mark}<text class="axis" x="18" y="10">${name}</text>
      </g>`,
  )}`;
}

/** The least of 1, 2, 5, 10, 20 … that is not below. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((nice) => nice >= value) ?? value;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
