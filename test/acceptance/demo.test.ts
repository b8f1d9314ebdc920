import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { keyline, ROOT } from './cli.ts';

it('the demo goes from a key to a report without a question, and leaves the report alone', async () => {
  const ran = await keyline(['demo', '--json'], { cwd: ROOT });
  expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' });
  const { result } = JSON.parse(ran.stdout) as { result: { steps: string[]; report: string } };
  try {
    expect(result.steps.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      ...['key create', 'lot create', 'station init', 'lot grant', 'lot import'],
      ...['device simulate', 'station run', 'manifest write', 'manifest check', 'station report'],
    ]);
    expect(readdirSync(dirname(result.report))).toEqual(['report.html']);
    const page = readFileSync(result.report, 'utf8');
    expect(page).toContain('7 of 8 units');
    expect(page).toContain('failed: verify-mismatch');
  } finally {
    rmSync(dirname(result.report), { recursive: true });
  }
});
