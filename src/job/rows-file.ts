import { createHash } from 'node:crypto';
import { AtomicFile } from '../kernel/atomic-file.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { textLines } from '../kernel/text-lines.ts';
import { unreadable } from '../kernel/unreadable.ts';
import type { RowOutcome } from '../registry/sealed-uploads.ts';

const BLOCK_CHARACTERS = 64 * 1024;

/**
 * What became of the rows of one manifest: a line of JSON that says of which seal, then a line a row.
 * The file is there once `commit` resolves, and not at all where no row was taken.
 */
export class RowsFile implements AsyncDisposable {
  readonly path: string;
  readonly #head: string;
  #file: AtomicFile | undefined;
  #text = '';

  private constructor(path: string, seal: string) {
    this.path = path;
    this.#head = `${JSON.stringify({ seal: digestOf(seal) })}\n`;
  }

  /**
   * Such a file of the manifest with this seal (JWS); one of an earlier call is replaced. Throws
   * `output-exists` for any other file that has the name.
   */
  static async at(path: string, seal: string): Promise<RowsFile> {
    if (await isAnother(path)) {
      throw new KeylineError('output-exists', {
        message: `${path} exists and is no file of rows`,
        hint: 'Choose another name for the file of rows.',
        facts: { path },
      });
    }
    return new RowsFile(path, seal);
  }

  async take(row: RowOutcome): Promise<void> {
    if (!this.#file) {
      this.#file = await AtomicFile.create(this.path, { mode: 0o644, force: true });
      this.#text = this.#head;
    }
    this.#text += `${JSON.stringify(row)}\n`;
    if (this.#text.length >= BLOCK_CHARACTERS) await this.#flush();
  }

  /** Puts the file in its place. */
  async commit(): Promise<void> {
    if (!this.#file) return;
    await this.#flush();
    await this.#file.commit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.[Symbol.asyncDispose]();
  }

  async #flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    await this.#file?.handle.writeFile(text);
  }
}

/**
 * The numbers of the rows that a file names, where it is of this manifest. Throws `not-found`, and
 * `usage` for a file that is none of these, or of another manifest.
 */
export async function readRowsFile(path: string, seal: string): Promise<ReadonlySet<number>> {
  const rows = new Set<number>();
  let isHead = true;
  for await (const line of linesOf(path)) {
    const value = parse(line);
    if (isHead && value['seal'] !== digestOf(seal)) {
      throw refused(
        path,
        value['seal'] === undefined ? undefined : 'names rows of another manifest',
      );
    }
    const { row, outcome } = value;
    if (!isHead) {
      if (!Number.isSafeInteger(row) || typeof outcome !== 'string') throw refused(path);
      if (['conflict', 'invalid'].includes(outcome)) rows.add(row as number);
    }
    isHead = false;
  }
  if (isHead) throw refused(path);
  return rows;
}

async function isAnother(path: string): Promise<boolean> {
  try {
    for await (const line of textLines(path)) return parse(line)['seal'] === undefined;
    return false;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw unreadable(path, error);
  }
}

async function* linesOf(path: string): AsyncGenerator<string, void> {
  try {
    yield* textLines(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(line) ?? {}) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

function digestOf(seal: string): string {
  return createHash('sha256').update(seal).digest('hex');
}

function refused(
  path: string,
  what = 'is no file of rows that `escrow register` wrote',
): KeylineError {
  return new KeylineError('usage', { message: `${path} ${what}`, facts: { path } });
}
