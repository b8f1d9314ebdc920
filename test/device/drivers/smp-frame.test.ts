import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { frameSmpMessage, smpCrc, SmpDeframer } from '../../../src/device/drivers/smp-frame.ts';

function ascii(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function whole(message: Uint8Array): Buffer {
  return Buffer.concat(frameSmpMessage(message));
}

function hexOf(messages: readonly Uint8Array[]): string[] {
  return messages.map((message) => Buffer.from(message).toString('hex'));
}

/** Pieces of `bytes`, cut at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort(
    (a, b) => a - b,
  );
  return [0, ...ends].map((from, at) => bytes.subarray(from, ends[at] ?? bytes.length));
}

/** A settings write of 200 bytes, framed with Python’s struct, binascii.crc_hqx and base64. */
const LONG_MESSAGE = Buffer.concat([
  Buffer.from('0a0000d900030700', 'hex'),
  Buffer.from('a26376616c58c8', 'hex'),
  Buffer.from(Array.from({ length: 200 }, (_, at) => at)),
  Buffer.from('646e616d6563612f62', 'hex'),
]);
const LONG_LINES = [
  '\x06\tAOIKAADYAAMHAKJjdmFsWMgAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/QEFCQ0RFRkdISUpL\n',
  '\x04\x14TE1OT1BRUlNUVVZXWFlaW1xdXl9gYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoOEhYaHiImKi4yNjo+QkZKTlJWWl5iZmpucnZ6foKGio6Slpqeo\n',
  '\x04\x14qaqrrK2ur7CxsrO0tba3uLm6u7y9vr/AwcLDxMXGx2RuYW1lY2EvYkXX\n',
];
LONG_MESSAGE.writeUInt16BE(LONG_MESSAGE.length - 8, 2);

describe('SMP framing', () => {
  it('has the CRC of polynomial 0x1021 from 0: its check value', () => {
    expect(smpCrc(ascii('123456789'))).toBe(0x31c3);
  });

  it('puts a short message on one line: 06 09, base64 of length, message and CRC, 0a', () => {
    const message = Buffer.from('0a00000600002a00a16164626869', 'hex');
    expect(whole(message).toString('hex')).toBe(
      '06094142414b4141414741414171414b46685a474a6f6151686f0a',
    );
  });

  it('cuts a long message into lines of at most 127 bytes that begin with 04 14', () => {
    const lines = frameSmpMessage(LONG_MESSAGE);
    expect(lines.map((line) => Buffer.from(line).toString('latin1'))).toEqual(LONG_LINES);
    expect(lines.map((line) => line.length)).toEqual([127, 127, 59]);
  });

  it('has padding on the last line alone, whatever the length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 600 }), (message) => {
        const lines = frameSmpMessage(message).map((line) => Buffer.from(line).toString('latin1'));
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(127);
        expect(lines.slice(0, -1).join('')).not.toContain('=');
      }),
    );
  });

  it('survives any cut of the stream and text between frames', () => {
    const line = fc.stringMatching(/^[ -~]{0,30}$/);
    const message = fc.uint8Array({ minLength: 1, maxLength: 300 });
    const parts = fc.array(fc.tuple(line, message), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(parts, fc.array(fc.nat(4000), { maxLength: 20 }), (given, places) => {
        // A prompt without an end of line before each first line, log lines between all others.
        const stream = Buffer.concat(
          given.flatMap(([text, bytes]) =>
            frameSmpMessage(bytes).flatMap((frame, at) =>
              at === 0 ? [ascii(text), frame] : [ascii(`${text}\r\n`), frame],
            ),
          ),
        );
        const deframer = new SmpDeframer();
        const found = cut(stream, places).flatMap((piece) => deframer.push(piece));
        expect(hexOf(found)).toEqual(hexOf(given.map(([, bytes]) => bytes)));
      }),
    );
  });

  it('finds a whole frame after any noise that ends with a line feed', () => {
    const message = fc.uint8Array({ minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), message, (noise, bytes) => {
        const deframer = new SmpDeframer();
        deframer.push(noise);
        deframer.push(Uint8Array.of(0x0a));
        expect(hexOf(deframer.push(whole(bytes)))).toEqual(hexOf([bytes]));
      }),
    );
  });

  it('never gives out a message of which a byte was changed, dropped or added on the way', () => {
    const kinds = fc.constantFrom('change', 'drop', 'add');
    fc.assert(
      fc.property(kinds, fc.nat(400), fc.nat(255), (kind, where, byte) => {
        const stream = whole(LONG_MESSAGE);
        const at = where % stream.length;
        const rest = stream.subarray(kind === 'add' ? at : at + 1);
        const put = kind === 'drop' ? [] : [byte];
        const damaged = Buffer.concat([stream.subarray(0, at), Buffer.from(put), rest]);
        fc.pre(!damaged.equals(stream));
        const found = new SmpDeframer().push(damaged);
        // Noise before a marker or an additional line feed leaves the message itself whole.
        for (const message of found) expect(hexOf([message])).toEqual(hexOf([LONG_MESSAGE]));
      }),
      { numRuns: 400 },
    );
  });

  it('never takes a frame with another CRC, and counts it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 80 }),
        fc.integer({ min: 1, max: 0xffff }),
        (message, flip) => {
          const packet = Buffer.alloc(message.length + 4);
          packet.writeUInt16BE(message.length + 2);
          packet.set(message, 2);
          packet.writeUInt16BE(smpCrc(message) ^ flip, message.length + 2);
          const deframer = new SmpDeframer();
          expect(deframer.push(ascii(`\x06\t${packet.toString('base64')}\n`))).toEqual([]);
          expect(deframer.damaged).toBe(1);
        },
      ),
    );
  });

  it('reads lines that end with CR LF and lines that are each padded for themselves', () => {
    const frame = whole(Uint8Array.of(1, 2, 3))
      .toString('latin1')
      .replace('\n', '\r\n');
    expect(hexOf(new SmpDeframer().push(ascii(frame)))).toEqual(['010203']);
    const packet = Buffer.from(
      whole(LONG_MESSAGE)
        .toString('latin1')
        .replace(/[^\w+/=]/g, ''),
      'base64',
    );
    expect(packet.length).toBe(LONG_MESSAGE.length + 4);
    const padded = [
      `\x06\t${packet.subarray(0, 80).toString('base64')}\n`,
      `\x04\x14${packet.subarray(80).toString('base64')}\n`,
    ];
    expect(hexOf(new SmpDeframer().push(ascii(padded.join(''))))).toEqual(hexOf([LONG_MESSAGE]));
  });

  it('drops a next line without a first one, a message cut short by another, and one that is too long', () => {
    const [first = '', next = ''] = LONG_LINES;
    const deframer = new SmpDeframer();
    expect(deframer.push(ascii(next))).toEqual([]);
    expect(deframer.push(ascii(first))).toEqual([]);
    expect(hexOf(deframer.push(whole(Uint8Array.of(9))))).toEqual(['09']);
    const long = whole(Uint8Array.of(9)).toString('latin1').replace('\n', 'AAAA\n');
    expect(deframer.push(ascii(long))).toEqual([]);
  });

  it('keeps its memory small while nothing but noise comes', () => {
    const deframer = new SmpDeframer();
    for (let turn = 0; turn < 100; turn++) deframer.push(new Uint8Array(10_000).fill(0x55));
    deframer.push(Uint8Array.of(0x0a));
    expect(hexOf(deframer.push(whole(Uint8Array.of(1))))).toEqual(['01']);
  });
});
