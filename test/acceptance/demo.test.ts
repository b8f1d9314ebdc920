import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { keyline, ROOT } from './cli.ts';

it('the demo goes from a key to devices that follow their owner, and leaves its report alone', async () => {
  // What a person has set for a registry of his own is not followed.
  const env = { KEYLINE_CONTEXT: 'elsewhere', KEYLINE_TOKEN_FILE: 'none' };
  const { code, stdout, stderr } = await keyline(['demo'], { cwd: ROOT, env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [, report = ''] = /The report stays at (\S+);/.exec(stdout) ?? [];
  try {
    const lines = [...stdout.matchAll(/^\$ keyline (\S+ \S+)/gm)];
    expect(lines.map(([, command]) => command)).toEqual([
      ...['key create', 'lot create', 'station init', 'lot grant', 'lot import'],
      ...['device simulate', 'station run', 'manifest write', 'manifest check', 'station report'],
      ...['registry init', 'registry serve', 'registry login'],
      ...['registry account', 'registry account', 'registry password', 'registry login'],
      ...['registry password', 'registry login', 'registry key', 'escrow register'],
      ...['device simulate', 'registry template', 'transfer request', 'transfer approve'],
      'fleet list',
    ]);
    expect(readdirSync(dirname(report))).toEqual(['report.html']);
    const page = readFileSync(report, 'utf8');
    expect(page).toContain('7 of 8 units');
    expect(page).toContain('failed: verify-mismatch');
    expect(stdout).toContain('device 5: the registry does not know it');
    expect(stdout.match(/: in normal mode with version 1 of step 1$/gm)).toHaveLength(6);
    // In the memory of a device: its owner's words, with its own serial.
    expect(stdout).toMatch(/^\{"broker":"\S+","topic":"meters\/DEMO-A1-\d{8}"\}$/m);
  } finally {
    rmSync(dirname(report), { recursive: true });
  }
});
