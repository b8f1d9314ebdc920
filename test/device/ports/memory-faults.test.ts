import { expect, test } from 'vitest';
import { createMemoryPort } from '../../../src/device/ports/memory-port.ts';
import type { MemoryDevice } from '../../../src/device/ports/memory-port.ts';
import type { Port } from '../../../src/device/ports/port.ts';

const gone = expect.objectContaining({ code: 'port-gone' }) as Error;

async function textOf(port: Port): Promise<string> {
  return Buffer.from((await port.read({ timeoutMs: 60_000 })) ?? []).toString('latin1');
}

function answering(answer: string): { readonly port: Port; readonly device: MemoryDevice } {
  const { port, device } = createMemoryPort();
  device.onWrite = () => {
    device.feed(answer);
  };
  return { port, device };
}

test('a scripted device answers what it is asked', async () => {
  const { port } = answering('pong');
  await port.write(Buffer.from('ping'));
  expect(await textOf(port)).toBe('pong');
});

test('every n-th byte is dropped, counted over all that was sent', async () => {
  const { port, device } = createMemoryPort({ faults: { dropEvery: 3 } });
  device.feed('abcd');
  device.feed('efgh');
  expect(await textOf(port)).toBe('abdegh');
});

test('noise comes between', async () => {
  const { port, device } = createMemoryPort({ faults: { noiseEvery: 2 } });
  device.feed('abcd');
  expect(await textOf(port)).toBe('ab\xfecd\xfe');
});

test('a slow device sends byte by byte, in order', async () => {
  const { port, device } = createMemoryPort({ faults: { isSlow: true } });
  device.feed('ab');
  device.feed('cd');
  const read: string[] = [];
  while (read.join('').length < 4) read.push(await textOf(port));
  expect(read).toEqual(['a', 'b', 'c', 'd']);
});

test('a silent device is read until the deadline', async () => {
  const { port, device } = answering('pong');
  device.faults = { isSilent: true };
  await port.write(Buffer.from('ping'));
  expect(await port.read({ timeoutMs: 1 })).toBeUndefined();
});

test('a device that is unplugged after n sent bytes is read so far', async () => {
  const { port, device } = createMemoryPort({ faults: { unplugAfterSent: 3 } });
  device.feed('abcdef');
  expect(await textOf(port)).toBe('abc');
  await expect(port.read({ timeoutMs: 60_000 })).rejects.toThrow(gone);
});

test('a device that is unplugged after n received bytes has seen no more', async () => {
  const { port, device } = createMemoryPort({ faults: { unplugAfterReceived: 3 } });
  const seen: string[] = [];
  device.onWrite = (bytes) => seen.push(Buffer.from(bytes).toString());
  await expect(port.write(Buffer.alloc(9_000, 'x'))).rejects.toThrow(gone);
  expect(seen.join('')).toBe('xxx');
});

test('what nobody reads is dropped from its beginning, not kept without end', async () => {
  const { port, device } = createMemoryPort();
  for (let piece = 0; piece < 100; piece++) device.feed(Buffer.alloc(65_536, piece));
  const read = await port.read({ timeoutMs: 60_000 });
  expect(read?.length).toBeLessThanOrEqual(4 * 1024 * 1024);
  expect(read?.at(-1)).toBe(99);
});

test('lines are seen by both ends', async () => {
  const { port, device } = createMemoryPort();
  await port.setLines({ dtr: true });
  await port.setLines({ rts: false });
  expect(device.outputLines).toEqual({ dtr: true, rts: false });
  device.inputLines = { dcd: true, cts: false, dsr: true };
  expect(await port.lines()).toEqual({ dcd: true, cts: false, dsr: true });
});

test('two reads at a time are a defect of the caller', async () => {
  const { port } = createMemoryPort();
  const first = expect(port.read({ timeoutMs: 60_000 })).rejects.toThrow(gone);
  await expect(port.read({ timeoutMs: 60_000 })).rejects.toThrow(/two reads/);
  await port[Symbol.asyncDispose]();
  await first;
});
