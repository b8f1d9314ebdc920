import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatWireEntry } from '../device/wire-log.ts';
import type { WireEntry } from '../device/wire-log.ts';
import { outputError } from '../kernel/atomic-file.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';

/** The wire log of each slot, `slot-N.log` in a folder, appended to; 0600 in 0700. */
export class WireFiles implements AsyncDisposable {
  readonly #dir: string;
  readonly #warn: (message: string) => void;
  readonly #streams = new Map<number, WriteStream>();

  private constructor(dir: string, warn: (message: string) => void) {
    this.#dir = dir;
    this.#warn = warn;
  }

  /** Makes the folder where it is missing. `warn` hears once of each file that fails. Throws `output-unwritable`. */
  static async open(dir: string, warn: (message: string) => void): Promise<WireFiles> {
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 });
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw outputError(dir, error);
      throw new KeylineError('output-unwritable', {
        message: `${dir} is a file, and a folder is needed`,
        facts: { path: dir },
      });
    }
    return new WireFiles(dir, warn);
  }

  /** Secrets are masked in an entry already. A log that cannot be written fails no unit. */
  take(slot: number, entry: WireEntry): void {
    const stream = this.#streams.get(slot) ?? this.#start(slot);
    if (!stream.destroyed) stream.write(`${formatWireEntry(entry)}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const open = [...this.#streams.values()].filter(({ destroyed }) => !destroyed);
    await Promise.all(
      open.map(
        (stream) =>
          new Promise<void>((resolve) => {
            stream.once('close', resolve);
            stream.end();
          }),
      ),
    );
  }

  #start(slot: number): WriteStream {
    const path = join(this.#dir, `slot-${slot}.log`);
    const stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
    stream.on('error', () => {
      this.#warn(`the log ${path} could not be written`);
    });
    this.#streams.set(slot, stream);
    return stream;
  }
}
