// Values for the other schemes, as bytes, one after the other in ROWS.
import { hash, mac, pad } from './hmac';
import { bigEndian, scatter } from './lanes';
import { BYTES, COMMIT, DIGEST, FOLLOWING, INPUT, MESSAGE, MESSAGE_BYTES, ROWS } from './layout';

/**
 * HKDF-Expand, RFC 5869 section 2.3, of `length` (at most 64) bytes for each of `count` indexes from
 * `first` on, with info = the `labelLength` bytes at INPUT || u64(index).
 */
export function expandAll(labelLength: i32, first: u64, count: i32, length: i32): void {
  const blocks = frame(MESSAGE, 0, labelLength, 1);
  const following = length > 32 ? frame(FOLLOWING, 32, labelLength, 2) : 0;
  for (let done = 0; done < count; done += 4) {
    const left = count - done;
    const out = ROWS + done * length;
    writeIndexes(MESSAGE + labelLength, first + done);
    mac(MESSAGE, blocks, DIGEST);
    toBytes(DIGEST);
    copy(out, length, min(length, 32), left);
    if (following) {
      copy(FOLLOWING, MESSAGE_BYTES, 32, 4);
      writeIndexes(FOLLOWING + 32 + labelLength, first + done);
      mac(FOLLOWING, following, DIGEST);
      toBytes(DIGEST);
      copy(out + 32, length, length - 32, left);
    }
  }
}

/**
 * Endpoint keys of `count` committed values of `length` (at most 119) bytes that lie at `from`, 16
 * bytes each.
 */
export function commitAll(from: usize, count: i32, length: i32): void {
  const blocks = pad(MESSAGE, length);
  for (let done = 0; done < count; done += 4) {
    const left = min(count - done, 4);
    for (let lane = 0; lane < left; lane++) {
      memory.copy(MESSAGE + lane * MESSAGE_BYTES, from + (done + lane) * length, length);
    }
    hash(COMMIT, MESSAGE, blocks, DIGEST);
    toBytes(DIGEST);
    copy(ROWS + 16 * done, 16, 16, left);
  }
}

/** Four messages of `before` bytes still to come, the label, an index still to come and `counter`. */
function frame(messages: usize, before: i32, labelLength: i32, counter: u8): i32 {
  const length = before + labelLength + 8 + 1;
  const blocks = pad(messages, length);
  for (let lane: usize = 0; lane < 4; lane++) {
    const message = messages + lane * MESSAGE_BYTES;
    memory.copy(message + before, INPUT, labelLength);
    store<u8>(message + length - 1, counter);
  }
  return blocks;
}

function writeIndexes(to: usize, first: u64): void {
  for (let lane: usize = 0; lane < 4; lane++) {
    store<u64>(to + lane * MESSAGE_BYTES, bswap<u64>(first + lane));
  }
}

function toBytes(words: usize): void {
  scatter(words, BYTES, 32);
  scatter(words + 64, BYTES + 16, 32);
  for (let at: usize = 0; at < 128; at += 16) {
    v128.store(BYTES + at, bigEndian(v128.load(BYTES + at)));
  }
}

/** The first `length` bytes of up to four results, `stride` apart. */
function copy(to: usize, stride: usize, length: i32, count: i32): void {
  const lanes = min(count, 4);
  for (let lane = 0; lane < lanes; lane++) {
    memory.copy(to + lane * stride, BYTES + 32 * lane, length);
  }
}
