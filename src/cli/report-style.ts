/** The style of a report: no font, image or colour from elsewhere. Contrast is at least 4.5 to 1 in both schemes. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --card: #f4f5f7; --ink: #1a1d21; --soft: #565d66; --rule: #d5d9de;
  --pass: #1b6e4b; --fail: #b3261e; --fail-ground: #f6d5d2; --first: #8a5a00; --accent: #1f5fa8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --card: #1f2429; --ink: #eceff2; --soft: #a5adb6; --rule: #3a424a;
    --pass: #5fc796; --fail: #ff8a80; --fail-ground: #4a2320; --first: #e7b25b; --accent: #8db9f0;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 74rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
h1 { margin: 0; font-size: 1.7rem; line-height: 1.25; }
h2 { margin: 2.2rem 0 .6rem; font-size: 1.2rem; }
h3 { margin: 0; font-size: 1rem; }
p { margin: .35rem 0; }
header p, .note, footer { color: var(--soft); }
code, pre { font: .875em/1.5 ui-monospace, "DejaVu Sans Mono", Consolas, monospace; overflow-wrap: anywhere; }
pre { margin: .35rem 0 0; padding: .4rem .6rem; background: var(--ground); border: 1px solid var(--rule); border-radius: 6px; white-space: pre-wrap; }
.status { margin: 1.2rem 0; padding: .6rem 1rem; background: var(--card); border-left: 6px solid var(--pass); border-radius: 6px; }
.status strong { margin-right: .6rem; color: var(--pass); }
.status.bad { border-left-color: var(--fail); }
.status.bad strong { color: var(--fail); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .8rem; }
.card { padding: .8rem 1rem; background: var(--card); border-radius: 8px; }
.card h2 { margin: 0; font-size: .9rem; font-weight: 600; color: var(--soft); }
.card .value { margin: .1rem 0; font-size: 1.7rem; font-weight: 650; line-height: 1.2; font-variant-numeric: tabular-nums; }
.card .note { margin: 0; font-size: .85rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; }
figure { margin: 0; padding: .8rem 1rem; background: var(--card); border-radius: 8px; }
figcaption { font-weight: 600; }
figure svg { display: block; width: 100%; height: auto; }
.axis { font-size: 12px; fill: var(--soft); }
.grid { stroke: var(--rule); stroke-width: 1; }
.pass { fill: var(--pass); }
.fail { fill: var(--fail); }
.fail-ground { fill: var(--fail-ground); }
.hatched { fill: url(#hatch); stroke: var(--fail); stroke-width: .75; }
.rail { fill: var(--rule); }
.line { fill: none; stroke-width: 2; }
.line.all { stroke: var(--pass); }
.line.first { stroke: var(--first); stroke-dasharray: 6 4; }
.mark.all { fill: var(--pass); }
.mark.first { fill: var(--card); stroke: var(--first); stroke-width: 2; }
details { margin-top: .8rem; }
summary { cursor: pointer; color: var(--accent); }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; margin-top: .4rem; font-size: .95rem; }
table.narrow { max-width: 34rem; }
th, td { padding: .4rem .7rem .4rem 0; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: top; }
th { font-weight: 600; }
thead th { font-size: .85rem; color: var(--soft); white-space: nowrap; }
tbody th { font-weight: 500; }
tfoot th, tfoot td { font-weight: 650; }
th code { overflow-wrap: normal; white-space: nowrap; }
.number + th, .number + td:not(.number) { padding-left: 1.2rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.hint { display: block; font-weight: 400; color: var(--soft); font-size: .9rem; }
.share { width: 9.5rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
.share svg { width: 4rem; height: .55rem; margin-right: .4rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 0 2rem; margin-top: 1rem; }
.units { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr)); gap: .8rem; }
.unit { padding: .8rem 1rem; background: var(--card); border-radius: 8px; break-inside: avoid; }
.unit h3 { display: flex; flex-wrap: wrap; gap: .2rem .8rem; justify-content: space-between; }
.state { color: var(--fail); }
footer { margin-top: 2.5rem; border-top: 1px solid var(--rule); font-size: .85rem; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  .share { width: auto; }
  .share svg { display: none; }
  th, td { padding-right: .4rem; }
}
@media print {
  :root { --ground: #fff; --card: #fff; --ink: #000; --soft: #333; --rule: #bbb; --pass: #1b6e4b; --fail: #b3261e; --fail-ground: #f6d5d2; --first: #8a5a00; --accent: #000; }
  body { max-width: none; padding: 0; font-size: 10.5pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .card, figure, .unit, .status { border: 1px solid var(--rule); break-inside: avoid; }
  h2 { break-after: avoid; }
  tr { break-inside: avoid; }
}
`.trim();
