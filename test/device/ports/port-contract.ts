import { randomBytes } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Port } from '../../../src/device/ports/port.ts';
import type { Rig } from './rig.ts';
import { until } from './rig.ts';

const MEGABYTE = 1024 * 1024;
/** More than the buffers of any of the lines hold. */
const TOO_MUCH = 24 * MEGABYTE;
const everyByte = Uint8Array.from({ length: 256 }, (_, at) => at);
const failing = (code: string): Error => expect.objectContaining({ code }) as Error;

/** What every kind of port does, held against one kind. */
export function describePortContract(kind: string, makeRig: () => Promise<Rig>): void {
  describe(`a ${kind} port`, () => {
    let before: ReadonlyMap<string, number>;
    let rig: Rig;
    let port: Port;

    beforeEach(async () => {
      before = handles();
      rig = await makeRig();
      port = await rig.open();
    });

    // Nothing that was opened outlives its port: the leak test of every test above it.
    afterEach(async () => {
      await port[Symbol.asyncDispose]();
      await rig.dispose();
      await until(() => areReleased(before));
    });

    test('carries every byte value to the device', async () => {
      await port.write(everyByte);
      expect([...(await rig.take(256))]).toEqual([...everyByte]);
    });

    test('carries every byte value from the device', async () => {
      await rig.send(everyByte);
      expect([...(await readExactly(port, 256))]).toEqual([...everyByte]);
    });

    test('carries a megabyte to the device unaltered', async () => {
      const sent = randomBytes(MEGABYTE);
      const [taken] = await Promise.all([rig.take(MEGABYTE), port.write(sent)]);
      expect(taken.equals(sent)).toBe(true);
    });

    test('carries a megabyte from the device unaltered', async () => {
      const sent = randomBytes(MEGABYTE);
      const [read] = await Promise.all([readExactly(port, MEGABYTE), rig.send(sent)]);
      expect(read.equals(sent)).toBe(true);
    });

    test('keeps the bytes of one write together', async () => {
      const first = Buffer.alloc(20_000, 'a');
      const second = Buffer.alloc(20_000, 'b');
      const [taken] = await Promise.all([rig.take(40_000), port.write(first), port.write(second)]);
      expect(taken.equals(Buffer.concat([first, second]))).toBe(true);
    });

    test('has taken what it was given before the caller wipes it', async () => {
      const bytes = Buffer.alloc(20_000, 'x');
      const writing = port.write(bytes);
      bytes.fill(0);
      await writing;
      expect((await rig.take(20_000)).equals(Buffer.alloc(20_000, 'x'))).toBe(true);
    });

    test('reads nothing at the deadline from a silent device', async () => {
      expect(await port.read({ timeoutMs: 1 })).toBeUndefined();
    });

    test('reads on after a deadline and after an abort', async () => {
      expect(await port.read({ timeoutMs: 1 })).toBeUndefined();
      const controller = new AbortController();
      const reading = port.read({ timeoutMs: 60_000, signal: controller.signal });
      controller.abort();
      await expect(reading).rejects.toThrow(failing('interrupted'));
      await rig.send(everyByte);
      expect((await readExactly(port, 256)).length).toBe(256);
    });

    test('refuses to begin once the signal has fired', async () => {
      const signal = AbortSignal.abort();
      await expect(port.read({ timeoutMs: 60_000, signal })).rejects.toThrow(
        failing('interrupted'),
      );
      await expect(port.write(everyByte, { signal })).rejects.toThrow(failing('interrupted'));
    });

    test('leaves no listener on the signal that it was lent', async () => {
      const { signal } = new AbortController();
      await port.read({ timeoutMs: 1, signal });
      await rig.send(everyByte);
      await port.read({ timeoutMs: 60_000, signal });
      await port.write(everyByte, { signal });
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    });

    test('ends a write that the device does not take at its deadline', async () => {
      rig.block();
      const writing = port.write(Buffer.alloc(TOO_MUCH), { timeoutMs: 20 });
      await expect(writing).rejects.toThrow(failing('timeout'));
    });

    test('ends a write that the device does not take when it is aborted', async () => {
      rig.block();
      const controller = new AbortController();
      const writing = port.write(Buffer.alloc(TOO_MUCH), { signal: controller.signal });
      setImmediate(() => {
        controller.abort();
      });
      await expect(writing).rejects.toThrow(failing('interrupted'));
    });

    test('closes with a blocked write at work', async () => {
      rig.block();
      const writing = expect(port.write(Buffer.alloc(TOO_MUCH))).rejects.toThrow(
        failing('port-gone'),
      );
      await port[Symbol.asyncDispose]();
      await writing;
    });

    test('tells a waiting reader that it was unplugged', async () => {
      const reading = expect(port.read({ timeoutMs: 60_000 })).rejects.toThrow(
        failing('port-gone'),
      );
      rig.unplug();
      await reading;
      await port.closed;
    });

    test('notices that it was unplugged while nobody reads or writes', async () => {
      rig.unplug();
      await port.closed;
      await expect(port.write(everyByte)).rejects.toThrow(failing('port-gone'));
      await expect(port.read({ timeoutMs: 60_000 })).rejects.toThrow(failing('port-gone'));
    });

    test('tells a blocked writer that it was unplugged', async () => {
      rig.block();
      const writing = expect(
        port.write(Buffer.alloc(TOO_MUCH), { timeoutMs: 60_000 }),
      ).rejects.toThrow(failing('port-gone'));
      rig.unplug();
      await writing;
    });

    test('is missing once it was unplugged', async () => {
      rig.unplug();
      await port.closed;
      await expect(rig.open()).rejects.toThrow(failing('port-missing'));
    });

    test('closes as often as it is told, before and after an unplug', async () => {
      await Promise.all([port[Symbol.asyncDispose](), port[Symbol.asyncDispose]()]);
      await port.closed;
      rig.unplug();
      await port[Symbol.asyncDispose]();
      await expect(port.read({ timeoutMs: 60_000 })).rejects.toThrow(failing('port-gone'));
    });

    test('is busy for a second opener and goes on for the first', async () => {
      await expect(rig.open()).rejects.toThrow(failing('port-busy'));
      await port.write(everyByte);
      expect((await rig.take(256)).length).toBe(256);
      await rig.send(everyByte);
      expect((await readExactly(port, 256)).length).toBe(256);
    });

    test('opens again after it was closed', async () => {
      await port[Symbol.asyncDispose]();
      port = await openSoon(rig);
      await rig.send(everyByte);
      expect([...(await readExactly(port, 256))]).toEqual([...everyByte]);
    });

    test('forgets unread input when told to', async () => {
      await rig.send(Buffer.from('old'));
      await until(() => true);
      await port.read({ timeoutMs: 1_000 });
      await rig.send(Buffer.from('older'));
      port.discardInput();
      await rig.send(Buffer.from('<new>'));
      let seen = '';
      while (!seen.includes('<new>')) {
        seen += Buffer.from((await port.read({ timeoutMs: 60_000 })) ?? []).toString();
      }
      expect(seen).not.toContain('old<');
    });

    test('sets lines where there are some, and does not mind where there are none', async () => {
      await port.setLines({ dtr: false, rts: true, brk: false });
      await port.lines();
      await port.write(everyByte);
      expect((await rig.take(256)).length).toBe(256);
    });
  });
}

/** A server needs a moment to see that its client is gone. */
async function openSoon(rig: Rig): Promise<Port> {
  for (;;) {
    try {
      return await rig.open();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'port-busy')) throw error;
    }
  }
}

async function readExactly(port: Port, count: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < count) {
    const chunk = await port.read({ timeoutMs: 20_000 });
    if (!chunk) throw new Error(`${size} of ${count} bytes came`);
    chunks.push(chunk);
    size += chunk.length;
  }
  return Buffer.concat(chunks);
}

/** How many of each kind of handle the process holds: of the event loop, and open files that it cannot see. */
function handles(): Map<string, number> {
  const files =
    process.platform === 'linux'
      ? readdirSync('/proc/self/fd').map((fd) => fileOf(fd).replace(/[\d[\]:]+$/, ''))
      : [];
  const counts = new Map<string, number>();
  for (const kind of [...process.getActiveResourcesInfo(), ...files]) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

function fileOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return 'closed meanwhile';
  }
}

/** Whether nothing of a port is held that was not before; the runner itself comes and goes. */
function areReleased(before: ReadonlyMap<string, number>): boolean {
  return [...handles()].every(
    ([kind, count]) =>
      !/^(TTYWrap|TCP|Timeout|Connect|Shutdown|GetAddrInfo|socket|\/dev\/pt)/.test(kind) ||
      count <= (before.get(kind) ?? 0),
  );
}
