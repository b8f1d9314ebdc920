import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { ChunkWriter } from '../../src/derive/chunk-writer.ts';

// A file system that takes 7 bytes at a time, as one that is nearly full or a signal may do.
vi.mock(import('node:fs'), async (original) => {
  const fs = await original();
  const short = (fd: number, bytes: Uint8Array, from: number, size: number, at: number): number =>
    fs.writeSync(fd, bytes, from, Math.min(7, size), at);
  return { ...fs, writeSync: short as typeof fs.writeSync };
});

it('goes on after a short write, at the right place', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyline-chunk-'));
  const path = join(folder, 'file');
  const fd = openSync(path, 'w');
  const writer = new ChunkWriter(fd, 3);
  writer.write(Buffer.from('a header line\n'), 0);
  writer.write(Buffer.from('twenty-three bytes....\n'), 1);
  expect(writer.position).toBe(3 + 37);
  const written = writer.finish();
  closeSync(fd);
  const text = 'a header line\ntwenty-three bytes....\n';
  expect(readFileSync(path).toString()).toBe(`\0\0\0${text}`);
  const sha256 = createHash('sha256').update(text).digest();
  expect(written).toEqual({ count: 1, sizeBytes: 37, sha256 });
  rmSync(folder, { recursive: true });
});
