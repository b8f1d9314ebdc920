import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectPrinter, parsePrinterAddress } from '../../src/label/printer.ts';
import { startPrinter } from './fake-printer.ts';
import type { FakePrinter } from './fake-printer.ts';

let fake: FakePrinter;
beforeEach(async () => {
  fake = await startPrinter();
});
afterEach(async () => {
  await fake[Symbol.asyncDispose]();
});

const connect = (timeoutMs = 5_000, signal?: AbortSignal) =>
  connectPrinter({ host: '127.0.0.1', port: fake.port }, { timeoutMs, signal });
const LABEL = Buffer.from('^XA^XZ');

describe('a printer', () => {
  it('gets every byte, in order, and the end', async () => {
    await using printer = await connect();
    await printer.send(LABEL);
    await printer.send(LABEL);
    await printer.end();
    await fake.done(1);
    expect(fake.jobs).toEqual(['^XA^XZ^XA^XZ']);
  });

  it('that nobody listens for is unreachable', async () => {
    await fake[Symbol.asyncDispose]();
    await expect(connect()).rejects.toMatchObject({ code: 'printer-unreachable' });
  });

  it('that never reads fails at the deadline', async () => {
    fake.behaviour = 'never reads';
    await using printer = await connect(50);
    // More than what the system holds for it.
    const sending = printer.send(Buffer.alloc(64 * 1024 * 1024));
    await expect(sending).rejects.toMatchObject({ code: 'printer-failed' });
  });

  it('that hangs up at once, or in the middle, fails', async () => {
    for (const behaviour of ['hangs up', { after: 10 }] as const) {
      fake.behaviour = behaviour;
      await using printer = await connect();
      const printing = (async () => {
        for (;;) await printer.send(Buffer.alloc(64 * 1024));
      })();
      await expect(printing).rejects.toMatchObject({ code: 'printer-failed' });
    }
  });

  it('that takes nothing is left when the person wants it', async () => {
    fake.behaviour = 'never reads';
    const stop = new AbortController();
    await using printer = await connect(60_000, stop.signal);
    const sending = printer.send(Buffer.alloc(64 * 1024 * 1024));
    stop.abort();
    await expect(sending).rejects.toMatchObject({ code: 'interrupted' });
  });
});

describe('a printer’s address', () => {
  it('has port 9100 unless it says another, and nothing behind it', () => {
    expect(parsePrinterAddress('tcp://zebra-3')).toEqual({ host: 'zebra-3', port: 9100 });
    expect(parsePrinterAddress('tcp://[::1]:6101/')).toEqual({ host: '::1', port: 6101 });
    for (const text of ['tcp://', 'tcp://a:0', 'tcp://a:70000', 'tcp://a/b', 'lp0']) {
      expect(parsePrinterAddress(text)).toBeUndefined();
    }
  });
});
