import { decode, encode } from 'cborg';
import { concat } from '../../kernel/bytes.ts';

/** What a message is; an answer's op is its request's plus one. */
export const SMP_OP = { read: 0, readAnswer: 1, write: 2, writeAnswer: 3 } as const;
/** One of SMP_OP. */
export type SmpOp = (typeof SMP_OP)[keyof typeof SMP_OP];

/** Groups of commands that keyline uses. */
export const SMP_GROUP = { os: 0, settings: 3, fs: 8, shell: 9 } as const;

const HEADER_BYTES = 8;

/** What CBOR of a message holds. Byte strings are `Uint8Array`, maps are `Map`. */
export type SmpValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Uint8Array
  | SmpValue[]
  | Map<string, SmpValue>;
/** A message's own map. */
export type SmpBody = ReadonlyMap<string, SmpValue>;

/** One message of the Simple Management Protocol, version 2 of its errors (`version` 1 on the wire). */
export interface SmpMessage {
  readonly version: number;
  readonly op: SmpOp;
  readonly flags: number;
  readonly group: number;
  readonly sequence: number;
  readonly id: number;
  readonly body: SmpBody;
}

/** Header (8 bytes) and CBOR of a message, for both ends. */
export function encodeSmpMessage(message: SmpMessage): Uint8Array {
  // cborg orders keys by their encoded length, RFC 7049 section 3.9; servers take any order.
  const body = encode(new Map(message.body));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8((message.version << 3) | message.op, 0);
  header.writeUInt8(message.flags, 1);
  header.writeUInt16BE(body.length, 2);
  header.writeUInt16BE(message.group, 4);
  header.writeUInt8(message.sequence, 6);
  header.writeUInt8(message.id, 7);
  const whole = concat(header, body);
  body.fill(0);
  return whole;
}

/**
 * The message in these bytes, or undefined: a wrong length, CBOR that is damaged, given twice or not
 * a map with text keys. Indefinite lengths are what servers send.
 */
export function decodeSmpMessage(bytes: Uint8Array): SmpMessage | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (header.readUInt16BE(2) !== bytes.length - HEADER_BYTES) return undefined;
  const first = header.readUInt8(0);
  const op = first & 7;
  if (!isOp(op)) return undefined;
  const body = decodeBody(bytes.subarray(HEADER_BYTES));
  if (!body) return undefined;
  return {
    version: (first >> 3) & 3,
    op,
    flags: header.readUInt8(1),
    group: header.readUInt16BE(4),
    sequence: header.readUInt8(6),
    id: header.readUInt8(7),
    body,
  };
}

function decodeBody(bytes: Uint8Array): SmpBody | undefined {
  try {
    const value: unknown = decode(bytes, { useMaps: true, rejectDuplicateMapKeys: true });
    const isMap = value instanceof Map && [...value.keys()].every((key) => typeof key === 'string');
    return isMap ? (value as SmpBody) : undefined;
  } catch {
    // A device may answer anything; what cannot be read is no answer.
    return undefined;
  }
}

function isOp(op: number): op is SmpOp {
  return op <= SMP_OP.writeAnswer;
}
