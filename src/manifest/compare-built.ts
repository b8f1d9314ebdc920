import type { BuiltPlan } from '../model/built-columns.ts';
import { builtPrefix } from '../model/built-columns.ts';
import type { CheckParts, ExpectedRows } from './compare-rows.ts';
import { IssueList } from './issue.ts';
import type { Layout } from './layout.ts';
import { splitRows } from './row-reader.ts';
import type { RawRow } from './row-reader.ts';

/**
 * Compares the derived columns of an as-built manifest with the rows of all units that it may have;
 * units without a row are no defect. Ends with the file. Returns how many rows of the file it took.
 */
export async function compareBuilt(
  expected: AsyncIterable<ExpectedRows>,
  plan: BuiltPlan,
  parts: CheckParts,
): Promise<number> {
  const { reader, parser, layout, check, digests, issues } = parts;
  const units = new ExpectedUnits(expected, plan.format);
  const comparison = new FieldComparison(plan, parts);
  let taken = 0;
  try {
    for (;;) {
      const block = await reader.peek();
      if (!block) return taken;
      for (const raw of block.rows) {
        const fields = parser.parse(raw, layout, issues);
        if (!fields) {
          check.skip();
          continue;
        }
        const index = check.indexOf(fields);
        const bad = check.check(fields, raw.line);
        const row = index === undefined ? undefined : await units.row(index);
        if (row !== undefined) comparison.compare({ raw, fields, bad }, index ?? 0, row);
      }
      digests.addRows(block.bytes, block.rows.length);
      taken += block.rows.length;
      reader.skip(block.bytes);
    }
  } finally {
    await units.end();
  }
}

/** Derived rows, asked for by ascending index. */
class ExpectedUnits {
  readonly #chunks: AsyncIterator<ExpectedRows>;
  readonly #format: BuiltPlan['format'];
  #from = 0;
  #rows: readonly string[] = [];
  #isDone = false;

  constructor(chunks: AsyncIterable<ExpectedRows>, format: BuiltPlan['format']) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#format = format;
  }

  /** The unit's row, or undefined where there is none, or none any more. */
  async row(index: number): Promise<string | undefined> {
    while (!this.#isDone && index >= this.#from + this.#rows.length) await this.#next();
    return this.#rows[index - this.#from];
  }

  async end(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #next(): Promise<void> {
    const next = await this.#chunks.next();
    this.#isDone = next.done === true;
    if (next.done === true) return;
    using chunk = next.value;
    this.#from = chunk.from;
    this.#rows = splitRows(chunk.bytes, this.#format);
  }
}

interface FoundRow {
  readonly raw: RawRow;
  readonly fields: readonly string[];
  /** Columns that were found wrong before. */
  readonly bad: ReadonlySet<string>;
}

/** Finds the columns in which a row differs from the derived one; it is parsed only where the bytes do. */
class FieldComparison {
  readonly #plan: BuiltPlan;
  readonly #parts: CheckParts;
  readonly #derived: Layout;

  constructor(plan: BuiltPlan, parts: CheckParts) {
    this.#plan = plan;
    this.#parts = parts;
    const { format, slots } = parts.layout;
    const labels = slots.map(({ label }) => label);
    this.#derived = {
      format,
      labels,
      slots: slots.map((slot, at) => ({ ...slot, at })),
      built: [],
    };
  }

  compare({ raw, fields, bad }: FoundRow, index: number, row: string): void {
    if (raw.text.startsWith(builtPrefix(this.#plan, row))) return;
    const { parser, layout, issues } = this.#parts;
    const text = { line: 0, text: row, sizeBytes: 0 };
    const expected = parser.parse(text, this.#derived, new IssueList());
    layout.slots.forEach(({ at, label }, place) => {
      if (!expected || bad.has(label) || fields[at] === expected[place]) return;
      const message = `not the value that is derived for unit ${index}`;
      issues.add({ code: 'not-derived', line: raw.line, column: label, message });
    });
  }
}
