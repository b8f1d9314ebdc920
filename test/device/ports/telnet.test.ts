import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeTelnet, TelnetDecoder } from '../../../src/device/ports/telnet.ts';
import type { TelnetEvent } from '../../../src/device/ports/telnet.ts';

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replace(/ /g, ''), 'hex'));

function dataOf(events: readonly TelnetEvent[]): string {
  return Buffer.concat(
    events.flatMap((event) => (event.kind === 'data' ? [event.bytes] : [])),
  ).toString('hex');
}

test('a stream is taken apart in order', () => {
  // a, IAC DO BINARY, b, IAC IAC, IAC NOP, IAC SB COM-PORT 101 0 1 194 255 255 IAC SE, c
  const events = new TelnetDecoder().decode(
    bytes('61 fffd00 62 ffff fff1 fffa2c65 0001c2 ffff fff0 63'),
  );
  expect(events).toEqual([
    { kind: 'data', bytes: bytes('61') },
    { kind: 'option', verb: 253, option: 0 },
    { kind: 'data', bytes: bytes('62ff') },
    { kind: 'subnegotiation', option: 44, bytes: bytes('65 0001c2 ff') },
    { kind: 'data', bytes: bytes('63') },
  ]);
});

test('bytes survive escaping, binary or not, wherever the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(0, 10, 13, 65, 240, 250, 253, 255), { maxLength: 40 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 7 }),
      (sent, isBinary, size) => {
        const wire = escapeTelnet(Uint8Array.from(sent), { isBinary });
        const decoder = new TelnetDecoder();
        decoder.isBinary = isBinary;
        const events: TelnetEvent[] = [];
        for (let at = 0; at < wire.length; at += size) {
          events.push(...decoder.decode(wire.subarray(at, at + size)));
        }
        expect(dataOf(events)).toBe(Buffer.from(sent).toString('hex'));
        expect(events.every((event) => event.kind === 'data')).toBe(true);
      },
    ),
  );
});

test('a subnegotiation without end does not fill the memory, and the stream goes on after it', () => {
  const decoder = new TelnetDecoder();
  const events = decoder.decode(
    Uint8Array.of(255, 250, 44, ...Buffer.alloc(100_000, 1), 255, 240, 65),
  );
  const sub = events.find((event) => event.kind === 'subnegotiation');
  expect(sub?.bytes.length).toBeLessThan(2_000);
  expect(dataOf(events)).toBe('41');
});
