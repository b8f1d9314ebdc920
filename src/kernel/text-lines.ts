import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/**
 * The lines of a text file without their ends (LF or CRLF), opened when the first is asked for: lines
 * that readline gives before somebody waits for them are lost. A stream is read to its end and destroyed.
 * Throws the operating system's error.
 */
export async function* textLines(source: string | Readable): AsyncGenerator<string, void> {
  const input = typeof source === 'string' ? createReadStream(source) : source;
  // readline takes an error of its stream for the end of the file.
  const failed = new Promise<never>((_resolve, reject) => input.once('error', reject));
  failed.catch(() => undefined);
  const lines = createInterface({ input, crlfDelay: Infinity })[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([lines.next(), failed]);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    input.destroy();
  }
}
