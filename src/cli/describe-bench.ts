import type { BenchReport } from '../job/bench.ts';
import { grouped } from './progress.ts';
import { table } from './table.ts';

/** A run of `bench` in lines for a person; every figure is units per second. */
export function describeBench(report: BenchReport): string {
  const { machine, rows, workers, plainScript, timesPlainScript } = report;
  const figures = table(rows, [
    { title: 'units/s', value: ({ scheme }) => scheme },
    { title: 'derived', value: ({ derived }) => grouped(derived), align: 'right' },
    {
      title: `by ${workers}`,
      value: ({ derivedWorkers }) => grouped(derivedWorkers),
      align: 'right',
    },
    { title: 'as CSV', value: ({ csv }) => grouped(csv), align: 'right' },
    {
      title: `by ${workers}`,
      value: ({ csvWorkers }) => grouped(csvWorkers),
      align: 'right',
    },
    {
      title: 'CSV gains',
      value: ({ csv, csvWorkers }) => `${(csvWorkers / csv).toFixed(2)} x`,
      align: 'right',
    },
  ]);
  const ratio = timesPlainScript === undefined ? '' : `; psk CSV is ${timesPlainScript} times that`;
  return [
    figures,
    '',
    `plain script (createHmac, csv-stringify): ${grouped(plainScript)}/s${ratio}`,
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${report.engine} engine`,
  ].join('\n');
}
