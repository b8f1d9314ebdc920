import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { gzipSink } from '../../src/manifest/gzip-sink.ts';
import { CollectingSink } from './collecting-sink.ts';

async function compress(blocks: readonly Uint8Array[]): Promise<Buffer> {
  const below = new CollectingSink();
  const sink = gzipSink(below);
  for (const block of blocks) {
    const lent = Uint8Array.from(block);
    await sink.write(lent);
    lent.fill(0xff);
  }
  await sink.end();
  expect(below.ended).toBe(1);
  return below.bytes;
}

describe('a gzip sink', () => {
  test('gives back what was written, though each block was only lent', async () => {
    const blocks = Array.from({ length: 40 }, (_, at) => Buffer.from(`row ${at},`.repeat(20_000)));
    expect(gunzipSync(await compress(blocks)).equals(Buffer.concat(blocks))).toBe(true);
  });

  test('writes a whole gzip file when nothing was written', async () => {
    expect(gunzipSync(await compress([]))).toHaveLength(0);
  });

  test('makes the same bytes of the same rows: no time, no name', async () => {
    const block = Buffer.from('serial\nA-1\n');
    const first = await compress([block]);
    expect(first.equals(await compress([block]))).toBe(true);
    expect(first.subarray(3, 8)).toEqual(Buffer.alloc(5));
  });

  test('hands a failure below to the writer', async () => {
    const sink = gzipSink(new CollectingSink(1));
    const noise = Buffer.from(
      Uint8Array.from({ length: 500_000 }, (_, at) => (at * at * 7919) >> 5),
    );
    await expect(
      (async () => {
        for (let turn = 0; turn < 20; turn++) await sink.write(noise);
        await sink.end();
      })(),
    ).rejects.toMatchObject({ code: 'ENOSPC' });
  });
});
