import type { CheckedManifest } from '../job/check-manifest.ts';
import { KeylineError } from '../kernel/errors.ts';
import { printable } from '../kernel/printable.ts';
import { formatIssue } from '../manifest/issue.ts';
import { grouped } from './progress.ts';
import { facts } from './table.ts';

/** A checked manifest in lines for a person: what it is, then its defects, one a line. */
export function describeChecked(checked: CheckedManifest): string {
  const { sealedBy, issues, issueCount } = checked;
  const layers = [
    checked.format,
    ...(checked.gzip ? ['gzip'] : []),
    ...(checked.encrypted ? ['age'] : []),
  ];
  const summary = facts([
    ['manifest', printable(checked.file)],
    ['form', layers.join(', ')],
    ['rows', grouped(checked.rows)],
    ['columns', checked.columns.map(printable).join(', ')],
    ['seal', sealedBy ? describeSeal(sealedBy) : 'none that verifies'],
    ['values', checked.derived ? 'derived again and compared' : 'checked against each other'],
    ['rate', `${grouped(checked.rowsPerSecond)} rows/s, ${checked.seconds.toFixed(2)} s`],
    ['defects', issueCount === 0 ? 'none' : grouped(issueCount)],
  ]);
  if (issueCount === 0) return summary;
  const more = issueCount - issues.length;
  const tail = more > 0 ? [`and ${grouped(more)} more`] : [];
  return [summary, '', ...issues.map(formatIssue), ...tail].join('\n');
}

/** Throws `manifest-defective`, with the issues as facts, where there are any. */
export function refuseDefects({ file, rows, issues, issueCount }: CheckedManifest): void {
  if (issueCount === 0) return;
  throw new KeylineError('manifest-defective', {
    message: `${file} has ${grouped(issueCount)} ${issueCount === 1 ? 'defect' : 'defects'}`,
    facts: { file, rows, issueCount, issues: issues.map(formatIssue) },
  });
}

function describeSeal(seal: CheckedManifest['sealedBy'] & object): string {
  const who = seal.by === 'owner' ? 'the owner' : 'a granted station';
  const test = seal.test ? ', a test key' : '';
  return `${seal.kind}, lot ${seal.lotCode}, by ${who}, under ${seal.provisioningKey}${test}`;
}
