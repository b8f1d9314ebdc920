import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WireFiles } from '../../src/cli/wire-files.ts';
import type { WireEntry } from '../../src/device/wire-log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-wire-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const entry = (text: string): WireEntry => ({
  ...{ at: '2026-01-01T00:00:00.000Z', direction: 'sent', bytes: Buffer.from(text) },
});

describe('the wire logs of a run', () => {
  it('are one file a slot for its owner alone, and a later run goes on in them', async () => {
    const dir = join(folder, 'logs');
    for (const text of ['first', 'second']) {
      await using files = await WireFiles.open(dir, expect.unreachable);
      files.take(1, entry(text));
      files.take(2, entry('other'));
    }
    expect(readFileSync(join(dir, 'slot-1.log'), 'utf8')).toMatch(/first\n.*second\n$/);
    expect(readFileSync(join(dir, 'slot-2.log'), 'utf8')).not.toContain('first');
    expect(statSync(join(dir, 'slot-1.log')).mode & 0o777).toBe(0o600);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it('that cannot be written are warned of and stop nothing', async () => {
    const warnings: string[] = [];
    {
      await using files = await WireFiles.open(folder, (message) => warnings.push(message));
      rmSync(folder, { recursive: true });
      files.take(1, entry('lost'));
    }
    expect(warnings).toHaveLength(1);
    // For the one that takes it away.
    mkdirSync(folder);
  });

  it('in the place of a file are refused', async () => {
    writeFileSync(join(folder, 'x'), '');
    await expect(WireFiles.open(join(folder, 'x'), expect.unreachable)).rejects.toThrow(
      expect.objectContaining({ code: 'output-unwritable' }) as Error,
    );
  });
});
