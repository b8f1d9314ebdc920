import { Encrypter } from 'age-encryption';
import { concat } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { Secret } from '../kernel/secret.ts';
import { AGE_CHUNK_BYTES, AGE_NONCE_BYTES, AGE_TAG_BYTES, AgePayload } from './age-stream.ts';
import type { ByteSink } from './byte-sink.ts';

/**
 * An age file (age-encryption.org/v1) for X25519 recipients `age1…`, written into `below` as bytes
 * come. The header is made by age-encryption, the payload by node:crypto.
 * Throws `invalid-recipient`.
 */
export async function ageSink(below: ByteSink, recipients: readonly string[]): Promise<ByteSink> {
  const { start, fileKey } = await makeStart(recipients);
  using key = fileKey;
  const payload = new AgePayload(key, start.subarray(start.length - AGE_NONCE_BYTES));
  await below.write(start);
  return new AgeSink(below, payload);
}

class AgeSink implements ByteSink {
  readonly #below: ByteSink;
  readonly #payload: AgePayload;
  /** Plaintext that may yet turn out to be the last chunk, which is sealed in its own way. */
  readonly #held = new Uint8Array(AGE_CHUNK_BYTES);
  #heldBytes = 0;

  constructor(below: ByteSink, payload: AgePayload) {
    this.#below = below;
    this.#payload = payload;
  }

  async write(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    const sealed: Uint8Array[] = [];
    // A full chunk is sealed only once a byte stands after it: the last chunk may be full too.
    while (this.#heldBytes + rest.length > AGE_CHUNK_BYTES) {
      const take = AGE_CHUNK_BYTES - this.#heldBytes;
      const held = this.#held.subarray(0, this.#heldBytes);
      sealed.push(this.#payload.seal([held, rest.subarray(0, take)], false));
      this.#heldBytes = 0;
      rest = rest.subarray(take);
    }
    this.#held.set(rest, this.#heldBytes);
    this.#heldBytes += rest.length;
    for (const chunk of sealed) await this.#below.write(chunk);
  }

  async end(): Promise<void> {
    const last = this.#payload.seal([this.#held.subarray(0, this.#heldBytes)], true);
    this.#payload.wipe();
    this.#held.fill(0);
    await this.#below.write(last);
    await this.#below.end();
  }
}

/**
 * Header and nonce of a new age file, and its file key: caught by one more recipient, which adds
 * no stanza, while age-encryption encrypts an empty file.
 */
async function makeStart(
  recipients: readonly string[],
): Promise<{ start: Uint8Array; fileKey: Secret }> {
  const encrypter = new Encrypter();
  let caught: Secret | undefined;
  try {
    for (const recipient of recipients) encrypter.addRecipient(recipient);
  } catch {
    throw new KeylineError('invalid-recipient', { message: 'a recipient is not an age1… key' });
  }
  encrypter.addRecipient({
    wrapFileKey: (fileKey) => {
      caught = Secret.copyOf(fileKey);
      return [];
    },
  });
  const empty = await encrypter.encrypt(new Uint8Array());
  if (!caught) throw new Error('age-encryption made no file key');
  return { start: concat(empty.subarray(0, empty.length - AGE_TAG_BYTES)), fileKey: caught };
}
