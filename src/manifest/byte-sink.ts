/** A place for bytes, in order. Layers (gzip, age) are sinks that write into another sink. */
export interface ByteSink {
  /** The bytes are lent: they may change once the promise has settled, not before. */
  write(bytes: Uint8Array): Promise<void>;
  /** Writes what is still held. Nothing is written after it; the place below stays open. */
  end(): Promise<void>;
}

/** Bytes of a manifest as they come, in blocks of any size; a block is lent until the next one. */
export type ByteSource = AsyncIterable<Uint8Array>;
