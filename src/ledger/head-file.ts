import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../kernel/atomic-file.ts';
import { isErrno } from '../kernel/errors.ts';
import { openLedgerHead } from '../seals/ledger-head.ts';
import type { LedgerHeadStatement } from '../seals/ledger-head.ts';

/**
 * A signed head outside the ledger, by which an older copy of the ledger is found out. It is moved on
 * after the commit and before the caller hears of it: a crash between the two leaves it behind the
 * ledger, which is allowed, and never ahead of it; and what the caller was told is always in it.
 */
export class HeadFile {
  readonly path: string;
  readonly #sign: (seq: number) => Promise<{ seq: number; statement: string }>;
  #kept = 0;
  #writing: Promise<void> | undefined;

  /** `sign` gives the ledger's present head, which is `seq` or a later one. */
  constructor(path: string, sign: (seq: number) => Promise<{ seq: number; statement: string }>) {
    this.path = path;
    this.#sign = sign;
  }

  /** Resolves once the file says `seq` or more. Events that come while it is written share the next write. */
  async keep(seq: number): Promise<void> {
    while (this.#kept < seq) {
      this.#writing ??= this.#write(seq).finally(() => {
        this.#writing = undefined;
      });
      await this.#writing;
    }
  }

  async #write(wanted: number): Promise<void> {
    const { seq, statement } = await this.#sign(wanted);
    await writeFileAtomic(this.path, `${statement}\n`, { mode: 0o644, force: true });
    this.#kept = seq;
  }
}

/** The head in a file, or undefined where there is none. Throws `signature-invalid`. */
export async function readHeadFile(path: string): Promise<LedgerHeadStatement | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  return openLedgerHead(text.trim());
}
