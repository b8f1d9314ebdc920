import { concat } from '../../kernel/bytes.ts';

/** Bytes of one line on the wire at most, its marker and line feed included. */
export const SMP_LINE_BYTES = 127;

const FIRST = [0x06, 0x09] as const;
const NEXT = [0x04, 0x14] as const;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** What is left for base64, a multiple of 4: 93 raw bytes. */
const LINE_CHARACTERS = SMP_LINE_BYTES - 3;
/** Length before and CRC after the message. */
const LENGTH_BYTES = 2;
const CRC_BYTES = 2;
const LONGEST_MESSAGE = 0xffff - CRC_BYTES;
/** A line that goes on longer is none of ours. Other servers write longer ones than we do. */
const LONGEST_LINE = 4096;

/** CRC-16 of polynomial 0x1021 from 0, not reflected ("123456789" gives 31c3), as the serial transport has it. */
export function smpCrc(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  }
  return crc & 0xffff;
}

/**
 * The lines that carry one message (header and CBOR) over a console: marker, base64, line feed. The
 * lines hold what the message holds, so the caller wipes them. Both ends frame alike.
 */
export function frameSmpMessage(message: Uint8Array): Uint8Array[] {
  if (message.length > LONGEST_MESSAGE)
    throw new RangeError('an SMP message is at most 65533 bytes');
  const packet = Buffer.alloc(LENGTH_BYTES + message.length + CRC_BYTES);
  packet.writeUInt16BE(message.length + CRC_BYTES);
  packet.set(message, LENGTH_BYTES);
  packet.writeUInt16BE(smpCrc(message), LENGTH_BYTES + message.length);
  // Encoded as a whole and then cut: padding belongs to the end alone.
  const text = packet.toString('base64');
  packet.fill(0);
  const lines: Uint8Array[] = [];
  for (let at = 0; at < text.length; at += LINE_CHARACTERS) {
    const part = Buffer.from(text.slice(at, at + LINE_CHARACTERS), 'latin1');
    lines.push(concat(Uint8Array.from(at === 0 ? FIRST : NEXT), part, Uint8Array.of(LINE_FEED)));
    part.fill(0);
  }
  return lines;
}

/**
 * Takes a console's stream apart, wherever it is cut, and passes over prompts, log lines and noise.
 * A message comes out only whole and with its CRC right; a line that was damaged costs its message.
 */
export class SmpDeframer {
  /** How many frames came damaged: bad base64, length or CRC. */
  damaged = 0;
  #line: number[] = [];
  #packet: Uint8Array | undefined;

  /** Messages (header and CBOR) that became complete with this chunk, the caller's to keep. */
  push(chunk: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = [];
    for (const byte of chunk) {
      if (byte !== LINE_FEED) {
        this.#line.push(byte);
        if (this.#line.length > LONGEST_LINE) this.#line = [];
        continue;
      }
      const message = this.#endLine(Uint8Array.from(this.#line));
      this.#line.fill(0);
      this.#line = [];
      if (message) messages.push(message);
    }
    return messages;
  }

  #endLine(line: Uint8Array): Uint8Array | undefined {
    const found = lastMarker(line);
    if (!found) return undefined;
    const part = decodeBase64(line.subarray(found.at + 2));
    const begun = found.isFirst ? new Uint8Array() : this.#packet;
    this.#packet = undefined;
    // A next line without a first one belongs to a message whose begin was lost.
    if (!begun || !part) {
      this.damaged += 1;
      return undefined;
    }
    const packet = concat(begun, part);
    const view = new DataView(packet.buffer);
    const wanted = packet.length < LENGTH_BYTES ? Infinity : LENGTH_BYTES + view.getUint16(0);
    if (packet.length < wanted) {
      this.#packet = packet;
      return undefined;
    }
    const body = packet.subarray(LENGTH_BYTES);
    // Over a message and its own CRC the remainder is 0.
    if (packet.length > wanted || body.length <= CRC_BYTES || smpCrc(body) !== 0) {
      this.damaged += 1;
      return undefined;
    }
    return body.slice(0, -CRC_BYTES);
  }
}

/** A prompt may stand before the frame, and noise may hold a marker: base64 never does, so the last one counts. */
function lastMarker(
  line: Uint8Array,
): { readonly at: number; readonly isFirst: boolean } | undefined {
  for (let at = line.length - 2; at >= 0; at--) {
    if (line[at] === FIRST[0] && line[at + 1] === FIRST[1]) return { at, isFirst: true };
    if (line[at] === NEXT[0] && line[at + 1] === NEXT[1]) return { at, isFirst: false };
  }
  return undefined;
}

/** Canonical base64 alone: Buffer would pass over what does not belong. */
function decodeBase64(line: Uint8Array): Uint8Array | undefined {
  const end = line.at(-1) === CARRIAGE_RETURN ? -1 : line.length;
  const text = Buffer.from(line.subarray(0, end)).toString('latin1');
  const bytes = Buffer.from(text, 'base64');
  return text !== '' && bytes.toString('base64') === text ? Uint8Array.from(bytes) : undefined;
}
